#!lua flags=allow-oom
-- The latest instant that any replica has lived through: a clock that starts anew does not begin before it.
-- KEYS[1] = the installation's hash  ARGV: the replica's now ms, the store's ms, by how much the mark may lead the store's clock, ms.
-- Answers the mark. One that leads by more was set by a clock that was plainly wrong, and is forgotten.
local now, stores, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local mark = tonumber(redis.call('HGET', KEYS[1], 'latest') or '0')
if mark > stores + most then mark = 0 end
if now > mark then mark = now end
redis.call('HSET', KEYS[1], 'latest', mark)
return mark
