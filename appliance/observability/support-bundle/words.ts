import { OWN_WORDS } from './own-words.gen.ts';

/**
 * Words that may stand in a line of a support bundle, whoever wrote the line. None of them says anything of a document or a
 * person. A word that is missing costs a question; one too many could be somebody’s.
 */
const STORES = `
a able about above abort aborted aborting accept accepted accepting access accessed according achieved acl active add added adding address
addresses after again against agent algorithm alive all alloc allocate allocated allocation allow allowed already also an and another any
api app append applied apply archive are argument arguments as ask asked async at attach attached attempt attempted audit auth
authenticated authentication authorization authorized auto autovacuum available avoid aware back background backend backends backup bad
balance base be became because become been before begin beginning being below best between bgsave bgwriter bind bits block blocked
blocks boot both bridge broken bucket buckets buffer buffers build builder built but by bytes c cache cached call called came can cancel
canceling cancelled cannot capabilities capability case catalog caught cause cgroup chain change changed changes channel check checked
checking checkpoint checkpointer checkpoints checks checksum child clamav clamd class clean cleaned cleaning cleanup client clients clone
close closed closing cluster code collection collections column command commands commit commits committed compact compaction complete
completed completely compose config configuration configured conflict connect connected connecting connection connections consistent
constraint consumer contain container containerd containers contains content context continue continuing control controller copy core
corrupt corrupted corruption could count cpu crash crashed crashes create created creating creation credentials ctl current currently
custom daemon data database databases datadir db deadlock deadline dead debug decode default defaults defer deferred delay delete deleted
deleting denied deny depth destination detached detected detail device die died directory disable disabled disconnect disconnected disk
distance dns do docker dockerd does doing domain done down drain drive driver drop dropped due dump duplicate duration during each early
either elapsed element empty enable enabled encoding encrypted end ended ending endpoint endpoints engine entries entry env environment
eof epoch err error errors establish established estimate etc event events every exceed exceeded exceeds exception exclusive exec execute
executing execution exist existing exists exit exited exiting expect expected expire expired extended extension external fail failed
failing fails failure failures false fast fatal fd fds feature fetch few fields file files filesystem filter find finish finished first
fix flag flags flush flushed flushing folder for force forced fork forked format found free freed fresh freshclam from front frozen fsync
full function further g gateway gb generated get gets getting gid given global go going goroutine graceful gracefully group groups grpc
had half handle handled handler handling hard has hash have header headers health healthcheck healthy heap help here high hint hold host hosts
hour hours how http https hung i id idle if ignore ignored image images immediately import in inactive include including incoming
inconsistent increase index indexes info information init initial initialization initialize initialized initializing inode inodes input
inside instance insufficient integrity interface internal interrupt interrupted interval into invalid iptables is issue it item items its
job jobs journal json just keep kept kernel key keys kib kill killed kind know known label labels lag large last late later latest layer
layers least leave left length less level lib library limit limited limits line link list listen listening listener load loaded
loading local localhost locale location lock locked locks log logged logging logical login logs long longer loop lost low lru lsn made
main maintenance make makes making manager manifest many map mapping mark master match max maximum maxclients maxmemory may mb mean memory
message messages metadata method metrics mib might migrate migration min minimum minio minute minutes miss missing mmap mode model
modified module modules monitor more most mount mounted mounts ms much multiple must name named names namespace network networks never new
next nft no node nodes non none noreply normal not note notice nothing notification now ns null number object objects of off offset
ok old older on once one online only oom open opened opening operation operations option options or order orphan other others out output over
overlay own owner page pages panic parallel param parameter parameters parent parse parsed parser parsing part partial partition
path paths pattern pause paused peer pending per percent perform period permission permissions permitted persistence persistent phase pid
pids ping place plan please plugin point points policy poll pool port possible postgres postgresql postmaster prefix prepare prepared
present preserve prevent previous primary priority private privileges process processed processes processing procs profile program
progress prohibited project protected protection protocol provided proxy public pull purge put qdrant queries query queue queued
quick quit quota random range rate rdb reach reached read reader reading ready real reason receive received receiving reclaim record
records recover recovered recovering recovery redirect redis redo reference refresh refuse refused register registered reject rejected relation
release released reload reloaded reloading remain remaining remote remove removed removing rename renamed repair repeat replace replaced
replay replica replication reply report reported request requested requests require required requires reserve reserved reset resolve
resource resources response responses restart restarted restarting restore restored result results resume retries retry retrying return
returned returns role rollback root rotate rotation route row rows rule rules run runc running runs runtime s safe same save saved saving
scan scanned scanner scanning schedule scheduled schema scope script search second seconds section secret secrets security seed seek
segment segments select self send sending sent seq sequence serial server service services session sessions set setting settings setup
sha shard shards share shared shim short should show shut shutdown shutting signal signature signatures since single size skip skipped
sleep slot slow smart smaller snapshot snapshots so socket sockets some soon source space spawn specified speed ssl stack stage stale
standby start started starting starts startup state statement statements states static statistics status std stderr stdin stdout still
stop stopped stopping storage store stored stores storing stream string strict stuck sub subnet success successful successfully such
superuser supported switch sync synced synchronous syntax sys syslog system systemd table tables take taken target task tasks tcp
temp temporary term terminate terminated terminating terminator test text than that the their them then there these they this thread
threads threshold through time timed timeout timeouts timer timestamp tls tmp tmpfs to token tokens too tool top total trace transaction
transactions transfer transport tried trigger true truncate truncated try trying two type types uid unable unavailable under unexpected
unhealthy uninitialized unique unit units unix unknown unless unlink unlock unmount unreachable unreadable unrecognized unregister
unsupported until up update updated upgrade upstream uptime usage use used user users uses using usr utf uuid vacuum valid
validate validation value values var vector vectors verification verified verify version versions via view virtual volume volumes wait
waited waiting wal warn warning warnings was watch watchdog we were what when where whether which while who whole why will with within
without won work worker workers working workspace would write writer writes writing written wrong x yes yet you your zero zone
bin dist frostbyte opt run tenant tenants secrets registry sqlite libexec appliance compose yaml pem hba conf pg_hba sock lock
mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec utc
provisioning degraded password passwords dial vm rss anon ro rw vec embedded lexical mpnet docker_compose sqlite
component bytes request_id tenant_id doc_id batch_id chunk_id job_id event_id duration_ms
`;

/** In lower case. */
export const WORDS: ReadonlySet<string> = new Set(`${STORES} ${OWN_WORDS}`.split(/\s+/).filter(Boolean));
