#!lua flags=allow-oom
-- Append one line to the audit log, once: whoever repeats an action after a crash adds no second line. Each line is linked to the one before.
-- KEYS: log, seen, head  ARGV: milliseconds to remember the action, oldest id to keep, entry, link before, link.
-- Answers 1, 0 for one that is there already, or -1 when another line came meanwhile.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if (redis.call('GET', KEYS[3]) or '') ~= ARGV[4] then return -1 end
redis.call('SET', KEYS[2], '', 'PX', ARGV[1])
redis.call('SET', KEYS[3], ARGV[5])
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', 'e', ARGV[3], 'l', ARGV[5])
return 1
