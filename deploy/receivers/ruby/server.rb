# frozen_string_literal: true

# A webhook receiver. SCHEME, SECRET, PORT (0: any), TOLERANCE (seconds) and, for kloutit, VERIFY_URL are read from the
# environment. Behind a proxy that speaks HTTPS. The HTTP below is the least that will do: use Rack for yours, and
# give `request.body.read` to Webhook.verify, never `request.params`.

require "net/http"
require "socket"
require "timeout"
require_relative "verify"

NAME = ENV.fetch("SCHEME")
SECRET = ENV.fetch("SECRET")
TOLERANCE = Integer(ENV.fetch("TOLERANCE", "300"))
MOST_BYTES = 1 << 20
# Just Wallet takes 200 alone for an answer; all others take any 2xx.
TAKEN = NAME == "justwallet" ? 200 : 204

# Kloutit signs nothing: it is asked instead, and SECRET is the key of its API.
VERIFY_URL = NAME == "kloutit" ? URI(ENV.fetch("VERIFY_URL")) : nil
SCHEME = VERIFY_URL ? nil : Webhook::SCHEMES.fetch(NAME)
KEY = VERIFY_URL ? nil : Webhook.key_of(SCHEME, SECRET)

# The status for Kloutit: taken if it says that the event is its own, 401 if not, 503 if it does not say.
def ask(body)
  options = { use_ssl: VERIFY_URL.scheme == "https", open_timeout: 2, read_timeout: 3, max_retries: 0 }
  headers = { "x-api-key" => SECRET, "content-type" => "application/json" }
  answer = Net::HTTP.start(VERIFY_URL.hostname, VERIFY_URL.port, options) do |http|
    http.post(VERIFY_URL.request_uri, body, headers)
  end
  case answer.code.to_i
  when 200..299 then TAKEN
  when 0..499 then 401
  else 503
  end
rescue SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Net::ProtocolError,
       Net::HTTPBadResponse
  503
end

# Here store the event and be done: what it means is worked out after the answer. An id that is stored already is an
# event sent again, which is answered like the first. The body is not logged: it holds personal data.
def take(id, body)
  puts "accepted #{NAME} #{id || "-"} #{body.bytesize} bytes"
end

def headers_of(client)
  headers = {}
  while (line = client.gets("\r\n", 16_384, chomp: true)) && !line.empty?
    name, value = line.split(":", 2)
    # A name that comes twice is none of ours: joined, its values fit nothing.
    headers[name.downcase] = [headers[name.downcase], value.to_s.strip].compact.join(",")
    return {} if headers.size > 100
  end
  headers
end

def status_of(client)
  return 405 unless client.gets("\r\n", 16_384).to_s.start_with?("POST ")

  headers = headers_of(client)
  return 411 unless headers["content-length"].to_s.match?(/\A[0-9]{1,9}\z/)
  return 413 if headers["content-length"].to_i > MOST_BYTES

  body = client.read(headers["content-length"].to_i).to_s
  id = VERIFY_URL ? nil : Webhook.verify(SCHEME, KEY, headers, body, Time.now.to_i, TOLERANCE)
  status = VERIFY_URL ? ask(body) : TAKEN
  take(id, body) if status == TAKEN
  status
rescue Webhook::Refused => e
  warn "refused: #{e.message}"
  401
end

def answer(client)
  status = Timeout.timeout(10) { status_of(client) }
  length = status == 204 ? "" : "content-length: 0\r\n"
  client.write("HTTP/1.1 #{status} -\r\n#{length}connection: close\r\n\r\n")
rescue SystemCallError, IOError, Timeout::Error => e
  warn e.message
ensure
  client.close
end

$stdout.sync = true
server = TCPServer.new("127.0.0.1", Integer(ENV.fetch("PORT", "0")))
puts "listening on #{server.addr[1]}"
loop { Thread.new(server.accept) { |client| answer(client) } }
