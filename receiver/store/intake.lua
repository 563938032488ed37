#!lua flags=allow-oom
-- One durable consumer across replicas: only the poller that holds the lease may store updates and move the offset.
-- KEYS: poller, offset, stream  ARGV: token, ttl ms, next offset or '', updates... Answers 1, or 0 when the lease is another's.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 4, #ARGV do redis.call('XADD', KEYS[3], '*', 'u', ARGV[i]) end
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
return 1
