#!lua flags=allow-oom
-- Store an update that came by HTTP, once: Telegram posts it again until it saw a 200, and anybody may replay what he recorded.
-- KEYS: stream, seen  ARGV: update, milliseconds to remember it. Answers 1, or 0 for one that was here before.
if not redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('XADD', KEYS[1], '*', 'u', ARGV[1])
return 1
