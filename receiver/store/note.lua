#!lua flags=allow-oom
-- Append one line to the audit log, once: whoever repeats an action after a crash adds no second line.
-- KEYS: log, seen  ARGV: milliseconds to remember the action, oldest id to keep, entry. Answers 1, or 0 for one that is there already.
if not redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', 'e', ARGV[3])
return 1
