#!lua flags=allow-oom
-- GCRA for one chat and for the whole bot, shared by all replicas. KEYS: chat, bot
-- ARGV: now ms, chat interval ms, chat burst, bot interval ms, bot burst, share of the bot's burst this priority may use, share of the chat's
-- Answers the milliseconds to wait; 0 = a token of each was taken.
local now = tonumber(ARGV[1])
local cool = tonumber(redis.call('GET', KEYS[1] .. ':cool') or '0')
if cool > now then return cool - now end
local function look(key, interval, burst)
  local tat = math.max(tonumber(redis.call('GET', key) or '0'), now)
  return tat, math.max(0, tat - now - interval * (burst - 1))
end
local ci, bi = tonumber(ARGV[2]), tonumber(ARGV[4])
local ct, cw = look(KEYS[1], ci, tonumber(ARGV[3]) * tonumber(ARGV[7]))
local bt, bw = look(KEYS[2], bi, tonumber(ARGV[5]) * tonumber(ARGV[6]))
local wait = math.max(cw, bw)
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], ct + ci, 'PX', math.ceil(ct + ci - now) + 60000)
redis.call('SET', KEYS[2], bt + bi, 'PX', math.ceil(bt + bi - now) + 60000)
return 0
