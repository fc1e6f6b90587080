import { script } from '../../redis/script.ts';

/**
 * Does a claim stand? 0: no, 1: yes, 2: it was withdrawn. The name of the last claim stays in the job (`pb`) when its
 * lock runs out, so a claim stands until another worker takes the job or it is given back. With `count`, a claim that
 * stands is noted as a hand-out that does not count.
 * KEYS: job, lock, active. ARGV: lease, job id, count (0 or 1).
 */
export const STANDS = script(
  'stands',
  `local own = redis.call('HMGET', KEYS[1], 'pb', 'defa')
if own[1] ~= ARGV[1] then return 0 end
local lock = redis.call('GET', KEYS[2])
if lock and lock ~= ARGV[1] then return 0 end
if not lock and not redis.call('LPOS', KEYS[3], ARGV[2]) then return 0 end
if own[2] then return 2 end
if ARGV[3] == '1' then redis.call('HINCRBY', KEYS[1], 'progress', 1) end
return 1`,
);

/**
 * Marks a job that a worker holds as withdrawn. 0: there is no such job, 1: marked, 2: nobody holds it.
 * KEYS: job, lock.
 */
export const WITHDRAW = script(
  'withdraw',
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('EXISTS', KEYS[2]) == 0 then return 2 end
redis.call('HSET', KEYS[1], 'defa', 'withdrawn')
return 1`,
);

/**
 * Strikes a job that is gone from its document's list.
 * KEYS: the document's list, job. ARGV: job id.
 */
export const STRIKE = script(
  'strike',
  `if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
return redis.call('SREM', KEYS[1], ARGV[1])`,
);

/**
 * What stands in some queues: for each the next job that waits, the delayed one that is due first with its score, and
 * those that were handed out, the latest first. O(claimed jobs).
 * KEYS: for each queue wait, delayed, active.
 */
export const LOOK = script(
  'look',
  `local seen = {}
for i = 1, #KEYS, 3 do
  local due = redis.call('ZRANGE', KEYS[i + 1], 0, 0, 'WITHSCORES')
  seen[#seen + 1] = {
    redis.call('LINDEX', KEYS[i], -1), due[1] or false, due[2] or false, redis.call('LRANGE', KEYS[i + 2], 0, -1)
  }
end
return seen`,
);
