<?php

// Tells whether a webhook request is from who it says, over the body as it was received.
// Copy this file. It needs PHP 8.1 and nothing else; only standard-v1a needs the extension sodium.

declare(strict_types=1);

// header: carries the signatures; entry: what a signature begins with, what begins otherwise is passed over;
// separator: between signatures, of which there are several while a secret is rotated; before: what is signed before
// the body; id: the header of the message id, which stays the same when it is sent again; timestamp: the header of the
// time of sending, or "t=" where the signature header has it; secret: what a secret begins with that is base64 from
// there on, else it is used as it is.
const STANDARD = ['entry' => 'v1,', 'separator' => ' ', 'before' => '{id}.{timestamp}.', 'encoding' => 'base64', 'secret' => 'whsec_'];
const WEBHOOK = ['header' => 'webhook-signature', 'id' => 'webhook-id', 'timestamp' => 'webhook-timestamp'];
const SCHEMES = [
    'standard-v1' => [...STANDARD, ...WEBHOOK],
    'standard-v1a' => [...STANDARD, ...WEBHOOK, 'entry' => 'v1a,', 'algorithm' => 'ed25519', 'secret' => 'whpk_'],
    'svix' => [...STANDARD, 'header' => 'svix-signature', 'id' => 'svix-id', 'timestamp' => 'svix-timestamp'],
    'justwallet' => ['header' => 'signature'],
    'hex-body' => ['header' => 'x-signature'],
    'stripe' => ['header' => 'stripe-signature', 'entry' => 'v1=', 'separator' => ',', 'before' => '{timestamp}.', 'timestamp' => 't='],
    'github' => ['header' => 'x-hub-signature-256', 'entry' => 'sha256=', 'id' => 'x-github-delivery'],
    'slack' => ['header' => 'x-slack-signature', 'entry' => 'v0=', 'before' => 'v0:{timestamp}:', 'timestamp' => 'x-slack-request-timestamp'],
    'zoom' => ['header' => 'x-zm-signature', 'entry' => 'v0=', 'before' => 'v0:{timestamp}:', 'timestamp' => 'x-zm-request-timestamp'],
    'shopify' => ['header' => 'x-shopify-hmac-sha256', 'id' => 'x-shopify-webhook-id', 'encoding' => 'base64'],
    'pagerduty' => ['header' => 'x-pagerduty-signature', 'entry' => 'v1=', 'separator' => ','],
    'convoy-advanced' => ['header' => 'x-convoy-signature', 'entry' => 'v1=', 'separator' => ',', 'before' => '{timestamp},', 'timestamp' => 't='],
    'masspay' => ['header' => 'x-masspay-signature', 'entry' => 's=', 'separator' => ',', 'before' => '{timestamp}|', 'timestamp' => 't=', 'algorithm' => 'sha512'],
    'static-secret' => ['header' => 'signature', 'algorithm' => 'static'],
];

// The request is not to be believed. The reason is for your log, not for the sender.
final class Refused extends Exception
{
}

// The key in a secret. Throws where the secret is wrong.
function key_of(array $scheme, string $secret): string
{
    $key = $secret;
    if ($start = $scheme['secret'] ?? null) {
        if (!str_starts_with($secret, $start)) {
            throw new ValueError("the secret must begin with $start");
        }
        $key = base64_decode(substr($secret, strlen($start)), true);
    }
    if ($key === false || $key === '') {
        throw new ValueError('the secret is empty or is not base64');
    }
    return $key;
}

// Returns the message id, or null where the scheme has none; throws Refused. $headers has its names in lower case,
// $body is the bytes as received (php://input), $now and $tolerance are in seconds.
function verify(array $scheme, string $key, array $headers, string $body, int $now, int $tolerance = 300): ?string
{
    $header = static function (string $name) use ($headers): string {
        if (($headers[$name] ?? '') === '') {
            throw new Refused("$name is missing");
        }
        return $headers[$name];
    };
    $given = $header($scheme['header']);
    $entries = isset($scheme['separator']) ? explode($scheme['separator'], $given) : [$given];
    $id = isset($scheme['id']) ? $header($scheme['id']) : null;
    $timestamp = null;
    if (($scheme['timestamp'] ?? null) === 't=') {
        $timestamp = substr(starting_with('t=', $entries)[0] ?? 't=', 2);
    } elseif (isset($scheme['timestamp'])) {
        $timestamp = $header($scheme['timestamp']);
    }
    if ($timestamp !== null) {
        if (!preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
            throw new Refused('the timestamp is not a number of seconds');
        }
        if (abs($now - (int) $timestamp) > $tolerance) {
            throw new Refused('the timestamp is too far from now');
        }
    }
    $content = strtr($scheme['before'] ?? '', ['{id}' => $id ?? '', '{timestamp}' => $timestamp ?? '']) . $body;
    $start = $scheme['entry'] ?? '';
    foreach (starting_with($start, $entries) as $entry) {
        if (matches($scheme, $key, $content, substr($entry, strlen($start)))) {
            return $id;
        }
    }
    throw new Refused('no signature matches');
}

function starting_with(string $start, array $entries): array
{
    return array_values(array_filter($entries, static fn (string $entry): bool => str_starts_with($entry, $start)));
}

function matches(array $scheme, string $key, string $content, string $signature): bool
{
    $algorithm = $scheme['algorithm'] ?? 'sha256';
    if ($algorithm === 'ed25519') {
        $bytes = base64_decode($signature, true);
        return $bytes !== false && strlen($bytes) === SODIUM_CRYPTO_SIGN_BYTES
            && sodium_crypto_sign_verify_detached($bytes, $content, $key);
    }
    $expected = $key;
    if ($algorithm !== 'static') {
        $mac = hash_hmac($algorithm, $content, $key, true);
        $expected = ($scheme['encoding'] ?? 'hex') === 'base64' ? base64_encode($mac) : bin2hex($mac);
    }
    // Not ===, which takes the longer the more of it is right.
    return hash_equals($expected, $signature);
}
