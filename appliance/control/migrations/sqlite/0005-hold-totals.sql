-- How many holds each list has, kept in the transaction of each change, so that a page need not count them. A hold that is
-- being set is in none.
CREATE TABLE hold_totals (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  list TEXT NOT NULL CHECK (list IN ('all', 'in_force', 'lifted')),
  entries INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, list)
) STRICT, WITHOUT ROWID;
INSERT INTO hold_totals (tenant_id, list, entries)
  SELECT h.tenant_id, l.value, sum(l.value = 'all' OR (h.lifted_at IS NULL) = (l.value = 'in_force'))
  FROM holds h, json_each('["all", "in_force", "lifted"]') l WHERE h.confirmed_at IS NOT NULL GROUP BY 1, 2;

CREATE TRIGGER total_hold_confirmed AFTER UPDATE OF confirmed_at ON holds
  WHEN OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL
BEGIN
  INSERT INTO hold_totals (tenant_id, list, entries) VALUES
    (NEW.tenant_id, 'all', 1), (NEW.tenant_id, 'in_force', NEW.lifted_at IS NULL), (NEW.tenant_id, 'lifted', NEW.lifted_at IS NOT NULL)
    ON CONFLICT DO UPDATE SET entries = entries + excluded.entries;
END;
CREATE TRIGGER total_hold_made AFTER INSERT ON holds WHEN NEW.confirmed_at IS NOT NULL
BEGIN
  INSERT INTO hold_totals (tenant_id, list, entries) VALUES
    (NEW.tenant_id, 'all', 1), (NEW.tenant_id, 'in_force', NEW.lifted_at IS NULL), (NEW.tenant_id, 'lifted', NEW.lifted_at IS NOT NULL)
    ON CONFLICT DO UPDATE SET entries = entries + excluded.entries;
END;
CREATE TRIGGER total_hold_lifted AFTER UPDATE OF lifted_at ON holds
  WHEN OLD.confirmed_at IS NOT NULL AND OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL
BEGIN
  UPDATE hold_totals SET entries = entries - 1 WHERE tenant_id = NEW.tenant_id AND list = 'in_force';
  UPDATE hold_totals SET entries = entries + 1 WHERE tenant_id = NEW.tenant_id AND list = 'lifted';
END;
