#!lua
-- KEYS[1] gets ARGV[2] for ARGV[3] seconds where it still holds ARGV[1] or nothing. Answers what it holds then.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return ARGV[2]
