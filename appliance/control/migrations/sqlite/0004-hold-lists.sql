-- Lists of holds, by where they stand: each page and each count from one index, which holds the terms too.
CREATE INDEX holds_confirmed ON holds (tenant_id, hold_id, confirmed_at) WHERE confirmed_at IS NOT NULL;
CREATE INDEX holds_standing ON holds (tenant_id, hold_id, confirmed_at, lifted_at)
  WHERE confirmed_at IS NOT NULL AND lifted_at IS NULL;
CREATE INDEX holds_lifted ON holds (tenant_id, hold_id, lifted_at) WHERE lifted_at IS NOT NULL;
