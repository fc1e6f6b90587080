/**
 * Questions that a collection about radio and electronics of the fifties and sixties cannot answer, in the two manners
 * of asking: sentences, and titles as its own queries have them. Odd ones (from 1) are for fitting, even ones for checking.
 */

/** Of other fields: nothing that is found speaks to them. */
export const FOREIGN: readonly string[] = lines(`
How long is the notice period of the warehouse lease?
Which penalties apply when the supplier delivers late?
How many days of annual leave does an employee get?
What is the maximum dose of paracetamol for children?
Which side effects does the vaccine have?
How do I bake sourdough bread with rye flour?
What are the symptoms of an iron deficiency?
Which countries signed the climate agreement in Paris?
Who inherits if there is no will?
How is capital gains tax computed on the sale of a flat?
What must a data processing agreement contain?
Which documents are needed to open a bank account?
What is the deadline for filing an appeal against the judgment?
How often must fire extinguishers be inspected?
What is the interest rate of the mortgage loan?
Which fertiliser is best for tomatoes?
How do I renew my passport?
What is the refund policy for cancelled train tickets?
How much does the new kitchen cost including delivery?
When was the cathedral of Cologne built?
How are salmon farmed in fjords?
What does the insurance cover in case of water damage?
How do I train a puppy to walk on a leash?
What is the procedure for adopting a child?
How do whales sleep?
Who painted the ceiling of the Sistine Chapel?
What is the salary of a primary school teacher?
Where can I recycle old batteries?
How do I remove red wine stains from a carpet?
What is the treatment for type 2 diabetes?
Which clause governs termination for cause?
How are board members elected?
Wie lange ist die Kündigungsfrist des Mietvertrags?
Welche Unterlagen braucht der Notar für den Kaufvertrag?
Quels sont les délais de paiement du fournisseur?
Cuál es el plazo para presentar la declaración de la renta?
Can you help me please?
tell me a joke
what is the meaning of life
the weather tomorrow
best restaurants nearby
patent infringement damages
child custody hearing
blood pressure medication interactions
quarterly revenue forecast
employee stock option plan
merger notification thresholds
blorft wimzle quanditor
DEPRECIATION OF LEASED EQUIPMENT UNDER ACCOUNTING STANDARDS
METHODS OF CALCULATING PENSION CONTRIBUTIONS FOR PART TIME EMPLOYEES
I WISH TO HAVE DATA ABOUT THE SURVIVAL RATES OF PATIENTS WITH LUNG CANCER
PLEASE SUPPLY INFORMATION ON THE LIABILITY OF DIRECTORS IN BANKRUPTCY
THE EFFECT OF FERTILISER ON THE YIELD OF WINTER WHEAT
LEGAL ASPECTS OF CROSS BORDER ADOPTION
I AM INTERESTED IN THE HISTORY OF CHURCH MUSIC IN THE BAROQUE
TREATMENT OF HYPERTENSION DURING PREGNANCY
MARKETING STRATEGIES FOR SMALL RETAIL SHOPS
INFORMATION ON THE RIGHTS OF SHAREHOLDERS AT GENERAL MEETINGS
PREPARATION OF SAUCES IN FRENCH CUISINE
THE MIGRATION OF BIRDS OVER THE MEDITERRANEAN
VACCINATION SCHEDULES FOR INFANTS
LIMITATION PERIODS FOR CLAIMS ARISING FROM BUILDING CONTRACTS
THE USE OF STATISTICAL METHODS IN CRIMINOLOGY
TAXATION OF DIVIDENDS PAID TO FOREIGN INVESTORS
ORGANISATION OF NURSING STAFF IN HOSPITALS
DETAILS OF THE CONSTRUCTION OF MEDIEVAL BRIDGES
SOIL EROSION IN TROPICAL RAIN FORESTS
I WOULD LIKE DETAILS OF THE WORK DONE ON READING DISABILITIES IN CHILDREN
PRINTED TEXTILES OF THE NINETEENTH CENTURY
FREEDOM OF SPEECH IN CONSTITUTIONAL LAW
GROWTH OF CITIES IN DEVELOPING COUNTRIES
MATHEMATICAL MODELS OF THE SPREAD OF EPIDEMICS
THE INFLUENCE OF DIET ON TOOTH DECAY
TRADE UNIONS AND COLLECTIVE BARGAINING
PROCEDURES FOR THE RECALL OF CONTAMINATED FOOD
CONSERVATION OF OIL PAINTINGS
TRAINING PROGRAMMES FOR AIRLINE PILOTS
BREEDING OF DAIRY CATTLE
WATER SUPPLY OF LARGE CITIES
ALLERGIC REACTIONS TO PENICILLIN
MORTGAGE LENDING AND HOUSE PRICES
EMPLOYMENT OF MIGRANT WORKERS IN AGRICULTURE
THE ORIGIN OF THE NOVEL
INHERITANCE OF EYE COLOUR
CARE OF ELDERLY PATIENTS WITH DEMENTIA
STORAGE AND TRANSPORT OF FROZEN FISH
`);

/** Of neighbouring fields of science and technology: what is found shares words with them, and no answer. */
export const NEAR: readonly string[] = lines(`
How does a convolutional neural network classify images?
Which bandwidth does a 5G base station use in urban areas?
What is the efficiency of perovskite solar cells?
How does a lithium ion battery age?
What is the resolution of a scanning tunnelling microscope?
How do quantum computers correct errors?
What is the latency of a USB audio interface?
How does noise cancelling in headphones work?
Which protocol do smart meters use?
How does GPS correct for relativity?
What is the range of bluetooth low energy?
Which compiler optimisations unroll loops?
How does a microwave oven heat food?
What is the lifetime of LED lamps?
How are fibre optic cables spliced?
What is the noise level of wind turbines?
How does magnetic resonance imaging show tumours?
What is the clock speed of the latest laptop processor?
How does a heat pump work in winter?
What causes earthquakes along the San Andreas fault?
How do weather radars detect hail?
How does face recognition unlock a phone?
What is the frame rate of a cinema film?
FATIGUE OF WELDED STEEL JOINTS
DESIGN OF REINFORCED CONCRETE BEAMS
LUBRICATION OF DIESEL ENGINES
COMBUSTION OF COAL IN POWER STATIONS
CATALYTIC CRACKING OF PETROLEUM
THE CHEMISTRY OF PHOTOGRAPHIC DEVELOPERS
SYNTHESIS OF POLYMERS FROM ETHYLENE
AERODYNAMICS OF SWEPT WINGS
DESIGN OF HYDRAULIC TURBINES
VIBRATION OF RAILWAY BRIDGES
MEASUREMENT OF THE HARDNESS OF METALS
CORROSION OF STEEL PIPES IN SEA WATER
THE STRUCTURE OF PROTEINS
METHODS OF PROGRAMMING IN OBJECT ORIENTED LANGUAGES
DATABASE QUERY OPTIMISATION
PUBLIC KEY CRYPTOGRAPHY
WEB BROWSER SECURITY
PACKET SWITCHING AND ROUTING PROTOCOLS IN COMPUTER NETWORKS
NEURAL NETWORK TRAINING BY BACK PROPAGATION
DIGITAL CAMERA SENSORS
LIQUID CRYSTAL DISPLAYS
HYDROGEN FUEL CELLS FOR VEHICLES
GENE SEQUENCING TECHNIQUES
ULTRASONIC CLEANING OF SURGICAL INSTRUMENTS
HEAT TRANSFER IN BOILING WATER REACTORS
DISPOSAL OF RADIOACTIVE WASTE
PREDICTION OF EARTHQUAKES
OCEAN CURRENTS AND SALINITY
OPTICAL DESIGN OF MICROSCOPE OBJECTIVES
VACUUM CLEANER MOTORS
ACOUSTICS OF CONCERT HALLS
ROBOT ARM KINEMATICS
WIND LOADS ON TALL BUILDINGS
TEXT COMPRESSION ALGORITHMS
AUTOMATIC GEARBOX CONTROL
DETECTION OF GAS LEAKS
ELECTROPLATING OF CHROMIUM
`);

/** What the samples of docs/samples answer, and in which file (how its name begins). Checked only: nothing was fitted to them. */
export const ABOUT_SAMPLES: readonly (readonly [question: string, file: string])[] = [
  ['How long is the notice period of the warehouse lease?', 'contract-warehouse-lease.pdf'],
  ['What is the total of the invoice for the cold storage units?', 'invoice-2025-118.xlsx'],
  ['When is the shift leader called after a freezer alarm?', 'sop-freezer-alarm'],
  ['Who may approve access beyond the treating team?', 'policy-access-to-records.docx'],
  ['What does the claimant ask the court to order?', 'filing-statement-of-claim.pdf'],
  ['What is the monthly rent of the warehouse?', 'contract-warehouse-lease.pdf'],
  ['Who repairs the roof and the walls?', 'contract-warehouse-lease.pdf'],
  ['Under which law is the lease agreement governed?', 'contract-warehouse-lease.pdf'],
  ['May the landlord terminate when the tenant is in arrears?', 'contract-warehouse-lease.pdf'],
  ['What is the carrier liable for?', 'contract-cold-chain-services.docx'],
  ['When was the carriage of frozen cod accepted?', 'filing-statement-of-claim.pdf'],
  ['At what temperature is plasma stored?', 'sop-sample-intake.pdf'],
  ['When is a sample rejected?', 'sop-sample-intake.pdf'],
  ['How long is the alarm log kept?', 'sop-freezer-alarm'],
  ['Who releases the goods after an alarm?', 'sop-freezer-alarm'],
  ['How long are invoices kept?', 'policy-retention.txt'],
  ['What does a pallet of frozen storage cost a day?', 'price-list.txt'],
  ['Which belt was worn in trailer 7?', 'scanned-inspection.tif'],
  ['What was the cause of the warming?', 'scanned-inspection.tif'],
  ['Wie hoch war der Gewinn im Jahresabschluss 2024?', 'minutes-gesellschafter.txt'],
  ['Wann findet die nächste Versammlung statt?', 'minutes-gesellschafter.txt'],
  ['Which crate on pallet six was dented?', 'scanned-delivery-note.png'],
  ['How many pallets of frozen herring were delivered to Gothenburg?', 'scanned-delivery-note.png'],
  ['By how many days should the time for the statement of defence be extended?', 'filing-motion-to-extend.docx'],
  ['emergency access by physicians on duty', 'policy-access-to-records.docx'],
  ['IBAN of Nord Cold Logistics', 'invoice-2025-118.xlsx'],
  ['notice period lease', 'contract-warehouse-lease.pdf'],
  ['compressor maintenance', 'contract-warehouse-lease.pdf'],
];

/** Business questions that the samples do not answer, though they share words with them. */
export const BESIDE_SAMPLES: readonly string[] = lines(`
What is the notice period of the managing director's employment contract?
How much parental leave do employees get?
Which software licences does the company own?
What is the price of a pallet of bananas?
Who is the chair of the board?
When does the insurance policy for the fleet expire?
What is the fuel consumption of the trucks?
How many vaccines were given in 2024?
Which supplier delivers office furniture?
What is the penalty for late delivery of medicines?
Is overtime paid at night?
What does the collective agreement say about bonuses?
Which patients had an allergic reaction?
What was the turnover of the subsidiary in Sweden?
Which bank financed the new building?
Who signed the contract with the cleaning company?
What are the opening hours of the reception?
How is travel by air reimbursed?
What is the fire evacuation plan?
Which trademarks has the company registered?
Was ist der Kaufpreis des Grundstücks?
Welche Dividende wurde beschlossen?
What did the witness say about the accident?
How large is the parking lot?
`);

function lines(text: string): string[] {
  return text.trim().split('\n');
}
