#!lua flags=allow-oom
-- Just before the socket write. KEYS[1] = message  ARGV: fence. 1 = go on, 0 = somebody else has it.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'st', 'sending')
return 1
