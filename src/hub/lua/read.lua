-- SPDX-License-Identifier: MIT
-- What is remembered of a channel.
-- 3 seen; 4 channel; 5 after: an id, only what is newer; 6 to 8 limits: messages, ms,
-- bytes. Returns its floor, the last id of all channels, the entries of its stream, and 1
-- if the floor is only that Redis knew nothing at all before.
local last, since = ids(tonumber(ARGV[3]))
local channel = open_channel(ARGV[4], since, tonumber(ARGV[6]), tonumber(ARGV[7]),
  tonumber(ARGV[8]))
if channel.is_known then
  trim(channel)
  close_channel(channel)
end -- else nobody may ever publish there: names cost nothing until then
return {
  channel.floor, last,
  redis.call('XRANGE', channel.stream, whole(tonumber(ARGV[5]) + 1), '+'),
  channel.floor == since and 1 or 0,
}
