-- wrk: each request is the join of another person, by the tokens of the file $TOKENS from line $FIRST on.
local tokens = {}
local number = 0
for token in io.lines(os.getenv("TOKENS")) do
  number = number + 1
  if number >= tonumber(os.getenv("FIRST")) then tokens[#tokens + 1] = token end
end
local at = 0
request = function()
  at = at + 1
  return "POST /api/v1/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nAuthorization: Bearer "
    .. tokens[at] .. "\r\n\r\n"
end
