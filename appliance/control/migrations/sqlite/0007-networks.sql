-- Which /24 of the configured range each tenant's network has (spec 3, "Provisioning", step 4). The row goes when the
-- network is gone. Tenants that are not in the registry have one too: the probe.
CREATE TABLE tenant_networks (
  number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 254),
  tenant_id TEXT NOT NULL UNIQUE
) STRICT;
