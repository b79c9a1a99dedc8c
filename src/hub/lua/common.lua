-- SPDX-License-Identifier: MIT
-- What every script begins with. All that is kept stands below one prefix:
--
--   PREFIX:ids            hash    last: the id given last, of all channels
--                                 since: up to which nothing is remembered at all
--   PREFIX:c:CHANNEL      hash    floor, last, size of its history, and its limits
--   PREFIX:h:CHANNEL      stream  its history: ID-0 nonce NONCE record RECORD
--   PREFIX:s:CHANNEL      hash    how many subscribers each machine has
--   PREFIX:p:CHANNEL      hash    who they are on each machine, as LENGTH:NAME...
--   PREFIX:machines       zset    the id of each machine's last sign of life
--   PREFIX:of:MACHINE     set     the channels that it has subscribers in
--   PREFIX:claim:CLAIM    string  "NONCE ID" of the publication that made it
--
-- and is published to the machines as PREFIX/DATABASE:c:CHANNEL and :m:MACHINE, since
-- databases do not part what is published.
local prefix, push = ARGV[1] .. ':', ARGV[2] .. ':'

-- A channel that nothing was published in for so long is forgotten (ms).
local FORGET = 24 * 3600 * 1000

local function whole(number)
  return string.format('%.0f', number)
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- The id given last, and the id up to which nothing is remembered. seen: the last id that
-- the asking machine knows of. Where that is newer, or nothing is known, data was lost.
local function ids(seen)
  local known = redis.call('HMGET', prefix .. 'ids', 'last', 'since')
  local last, since = tonumber(known[1]), tonumber(known[2])
  if not last or last < seen then
    last = math.max(seen, now())
    since = last
    redis.call('HSET', prefix .. 'ids', 'last', whole(last), 'since', whole(since))
  end
  return last, since
end

-- Gives the next `count` ids, and returns the first.
local function take_ids(seen, count)
  local last = ids(seen)
  local first = math.max(last + 1, now())
  redis.call('HSET', prefix .. 'ids', 'last', whole(first + count - 1))
  return first
end

-- What is known of a channel, once limits (ms, bytes) are at least these. Its floor is
-- the id of the newest message that is not remembered any more.
local function open_channel(name, since, messages, age, bytes)
  local channel = {key = prefix .. 'c:' .. name, stream = prefix .. 'h:' .. name}
  local known = redis.call('HMGET', channel.key,
    'floor', 'last', 'size', 'messages', 'age', 'bytes')
  channel.is_known = known[1] and true
  channel.floor = math.max(since, tonumber(known[1]) or now() - FORGET * 1000)
  channel.last = tonumber(known[2]) or 0
  channel.size = tonumber(known[3]) or 0
  channel.messages = math.max(messages, tonumber(known[4]) or 0)
  channel.age = math.max(age, tonumber(known[5]) or 0)
  channel.bytes = math.max(bytes, tonumber(known[6]) or 0)
  if redis.call('EXISTS', channel.stream) == 0 then
    channel.floor = math.max(channel.floor, channel.last)
    channel.size = 0
  end
  return channel
end

-- The oldest go until the rest is within the limits.
local function trim(channel)
  local oldest = now() - channel.age * 1000
  local length, gone, from = redis.call('XLEN', channel.stream), 0, '-'
  while gone < length do
    local entry = redis.call('XRANGE', channel.stream, from, '+', 'COUNT', 1)[1]
    local id = tonumber(string.match(entry[1], '%d+'))
    if length - gone <= channel.messages and channel.size <= channel.bytes
        and id >= oldest then
      break
    end
    gone = gone + 1
    channel.size = channel.size - #entry[2][4]
    channel.floor = math.max(channel.floor, id)
    from = whole(id + 1)
  end
  if gone > 0 then
    redis.call('XTRIM', channel.stream, 'MAXLEN', length - gone)
  end
end

local function close_channel(channel)
  redis.call('HSET', channel.key, 'floor', whole(channel.floor),
    'last', whole(channel.last), 'size', whole(channel.size),
    'messages', whole(channel.messages), 'age', whole(channel.age),
    'bytes', whole(channel.bytes))
  redis.call('PEXPIRE', channel.key, whole(math.max(channel.age, FORGET)))
end

-- The subscribers of a channel on all machines, but for those of one.
local function count_subscribers(name, machine)
  local total = 0
  for _, count in ipairs(redis.call('HVALS', prefix .. 's:' .. name)) do
    total = total + count
  end
  if machine then
    total = total - (redis.call('HGET', prefix .. 's:' .. name, machine) or 0)
  end
  return total
end

local function set_field(key, field, value)
  if value then
    redis.call('HSET', key, field, value)
  else
    redis.call('HDEL', key, field)
  end
end

-- What one machine has of a channel: subscribers, and who they are. All machines hear of
-- it, and ask what has become of the whole.
local function set_crowd(name, machine, count, members)
  set_field(prefix .. 's:' .. name, machine, count > 0 and count)
  set_field(prefix .. 'p:' .. name, machine, members ~= '' and members)
  redis.call('PUBLISH', push .. 'c:' .. name, 'crowd')
end
