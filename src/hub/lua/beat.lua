-- SPDX-License-Identifier: MIT
-- A machine's sign of life, which goes round through what is published to it: once it is
-- back, all that was published before has come, too. And what a machine that is silent
-- had is forgotten, a part at a time.
-- 3 seen; 4 machine; 5 the last of its beats that came round; 6 how long silence may last
-- (us); 7 whether it asks (1) in which channels it is said to have subscribers. Returns
-- the beat's id, 1 if the machine was known, and those channels.
local seen, machine, beaten = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local machines = prefix .. 'machines'
local AT_ONCE = 1000 -- channels

local function bury(gone)
  local of = prefix .. 'of:' .. gone
  for _, name in ipairs(redis.call('SPOP', of, AT_ONCE)) do
    set_crowd(name, gone, 0, '')
  end
  if redis.call('EXISTS', of) == 0 then
    redis.call('ZREM', machines, gone)
  end
end

local before = tonumber(redis.call('ZSCORE', machines, machine) or nil)
if before and before < beaten then
  -- Redis has lost what came after an earlier beat.
  redis.call('HSET', prefix .. 'ids', 'since', whole((ids(seen))))
end
local id = take_ids(seen, 1)
redis.call('ZADD', machines, whole(id), machine)
redis.call('PUBLISH', push .. 'm:' .. machine, whole(id) .. ' beat ')
local silent = redis.call('ZRANGEBYSCORE', machines, '-inf', whole(id - ARGV[6]),
  'LIMIT', 0, 1)
if silent[1] then
  bury(silent[1])
end
local channels = {}
if ARGV[7] == '1' then
  channels = redis.call('SMEMBERS', prefix .. 'of:' .. machine)
end
return {id, before and 1 or 0, channels}
