# frozen_string_literal: true

# Tells whether a webhook request is from who it says, over the body as it was received.
# Copy this file. It needs Ruby 3.0 and nothing else.

require "openssl"

module Webhook
  # header: carries the signatures; entry: what a signature begins with, what begins otherwise is passed over;
  # separator: between signatures, of which there are several while a secret is rotated; before: what is signed before
  # the body; id: the header of the message id, which stays the same when it is sent again; timestamp: the header of the
  # time of sending, or "t=" where the signature header has it; secret: what a secret begins with that is base64 from
  # there on, else it is used as it is.
  STANDARD = { entry: "v1,", separator: " ", before: "{id}.{timestamp}.", encoding: :base64, secret: "whsec_" }.freeze
  WEBHOOK = { header: "webhook-signature", id: "webhook-id", timestamp: "webhook-timestamp" }.freeze
  SCHEMES = {
    "standard-v1" => { **STANDARD, **WEBHOOK },
    "standard-v1a" => { **STANDARD, **WEBHOOK, entry: "v1a,", algorithm: :ed25519, secret: "whpk_" },
    "svix" => { **STANDARD, header: "svix-signature", id: "svix-id", timestamp: "svix-timestamp" },
    "justwallet" => { header: "signature" },
    "hex-body" => { header: "x-signature" },
    "stripe" => { header: "stripe-signature", entry: "v1=", separator: ",", before: "{timestamp}.", timestamp: "t=" },
    "github" => { header: "x-hub-signature-256", entry: "sha256=", id: "x-github-delivery" },
    "slack" => { header: "x-slack-signature", entry: "v0=", before: "v0:{timestamp}:", timestamp: "x-slack-request-timestamp" },
    "zoom" => { header: "x-zm-signature", entry: "v0=", before: "v0:{timestamp}:", timestamp: "x-zm-request-timestamp" },
    "shopify" => { header: "x-shopify-hmac-sha256", id: "x-shopify-webhook-id", encoding: :base64 },
    "pagerduty" => { header: "x-pagerduty-signature", entry: "v1=", separator: "," },
    "convoy-advanced" => { header: "x-convoy-signature", entry: "v1=", separator: ",", before: "{timestamp},", timestamp: "t=" },
    "masspay" => { header: "x-masspay-signature", entry: "s=", separator: ",", before: "{timestamp}|", timestamp: "t=", algorithm: :sha512 },
    "static-secret" => { header: "signature", algorithm: :static }
  }.freeze

  # What comes before the 32 bytes of an Ed25519 public key in its DER form (RFC 8410).
  ED25519 = ["302a300506032b6570032100"].pack("H*").freeze

  # The request is not to be believed. The reason is for your log, not for the sender.
  class Refused < StandardError; end

  module_function

  # The key in a secret. Call it once, at the start, so that a wrong secret is found then.
  def key_of(scheme, secret)
    start = scheme.fetch(:secret, "")
    raise ArgumentError, "the secret must begin with #{start}" unless secret.start_with?(start)

    key = scheme[:secret] ? secret.delete_prefix(start).unpack1("m0") : secret.b
    raise ArgumentError, "the secret is empty" if key.empty?

    key
  end

  # Returns the message id, or nil where the scheme has none; raises Refused. `headers` has its names in lower case,
  # `body` is the bytes as received, `now` and `tolerance` are in seconds.
  def verify(scheme, key, headers, body, now, tolerance = 300)
    header = lambda do |name|
      value = headers[name].to_s.b
      raise Refused, "#{name} is missing" if value.empty?

      value
    end
    given = header.(scheme[:header])
    entries = scheme[:separator] ? given.split(scheme[:separator], -1) : [given]
    id = scheme[:id] && header.(scheme[:id])
    timestamp = timestamp_of(scheme, entries, header)
    check_time(timestamp, now, tolerance) if timestamp
    # A block as the replacement: in a string, \ has a meaning.
    content = scheme.fetch(:before, "").sub("{id}") { id }.sub("{timestamp}") { timestamp }.b + body.b
    start = scheme.fetch(:entry, "")
    signatures = entries.select { |entry| entry.start_with?(start) }.map { |entry| entry.delete_prefix(start) }
    raise Refused, "no signature matches" unless signatures.any? { |one| matches?(scheme, key, content, one) }

    id
  end

  def timestamp_of(scheme, entries, header)
    return entries.find { |entry| entry.start_with?("t=") }.to_s.delete_prefix("t=") if scheme[:timestamp] == "t="

    scheme[:timestamp] && header.(scheme[:timestamp])
  end

  def check_time(timestamp, now, tolerance)
    raise Refused, "the timestamp is not a number of seconds" unless timestamp.match?(/\A[0-9]{1,12}\z/)
    raise Refused, "the timestamp is too far from now" if (now - timestamp.to_i).abs > tolerance
  end

  def matches?(scheme, key, content, signature)
    algorithm = scheme.fetch(:algorithm, :sha256)
    return verified?(key, content, signature) if algorithm == :ed25519

    expected = key
    unless algorithm == :static
      mac = OpenSSL::HMAC.digest(algorithm.to_s, key, content)
      expected = scheme[:encoding] == :base64 ? [mac].pack("m0") : mac.unpack1("H*")
    end
    # Not ==, which takes the longer the more of it is right.
    OpenSSL.secure_compare(expected, signature)
  end

  def verified?(key, content, signature)
    OpenSSL::PKey.read(ED25519 + key).verify(nil, signature.unpack1("m0"), content)
  rescue ArgumentError, OpenSSL::PKey::PKeyError
    false
  end
end
