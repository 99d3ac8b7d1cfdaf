<?php

// A webhook receiver: php -S 127.0.0.1:8080 server.php. SCHEME, SECRET, TOLERANCE (seconds) and, for kloutit,
// VERIFY_URL are read from the environment. Behind a proxy that speaks HTTPS.

declare(strict_types=1);

require __DIR__ . '/verify.php';

const MOST_BYTES = 1 << 20;

$name = (string) getenv('SCHEME');
$secret = (string) getenv('SECRET');
// Just Wallet takes 200 alone for an answer; all others take any 2xx.
define('TAKEN', $name === 'justwallet' ? 200 : 204);

// Kloutit signs nothing: it is asked instead, and SECRET is the key of its API. The status for Kloutit: taken if it
// says that the event is its own, 401 if not, 503 if it does not say.
function ask(string $secret, string $body): int
{
    $options = ['method' => 'POST', 'content' => $body, 'timeout' => 5, 'follow_location' => 0, 'ignore_errors' => true,
        'header' => "content-type: application/json\r\nx-api-key: $secret\r\n"];
    $answer = @fopen((string) getenv('VERIFY_URL'), 'r', false, stream_context_create(['http' => $options]));
    if ($answer === false) {
        return 503;
    }
    $line = stream_get_meta_data($answer)['wrapper_data'][0] ?? '';
    fclose($answer);
    $status = (int) (explode(' ', $line)[1] ?? 503);
    return $status >= 200 && $status < 300 ? TAKEN : ($status < 500 ? 401 : 503);
}

// Here store the event and be done: what it means is worked out after the answer. An id that is stored already is an
// event sent again, which is answered like the first. The body is not logged: it holds personal data.
function take(string $name, ?string $id, string $body): void
{
    file_put_contents('php://stdout', sprintf("accepted %s %s %d bytes\n", $name, $id ?? '-', strlen($body)));
}

function status(string $name, string $secret): int
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    // The body as it came. One byte more than is taken tells that there are more.
    $body = (string) file_get_contents('php://input', length: MOST_BYTES + 1);
    if (strlen($body) > MOST_BYTES) {
        return 413;
    }
    $id = null;
    $status = TAKEN;
    if ($name === 'kloutit') {
        $status = ask($secret, $body);
    } else {
        $scheme = SCHEMES[$name] ?? throw new ValueError('SCHEME is unknown');
        $headers = array_change_key_case(getallheaders());
        try {
            $id = verify($scheme, key_of($scheme, $secret), $headers, $body, time(), (int) (getenv('TOLERANCE') ?: 300));
        } catch (Refused $refused) {
            error_log('refused: ' . $refused->getMessage());
            $status = 401;
        }
    }
    if ($status === TAKEN) {
        take($name, $id, $body);
    }
    return $status;
}

try {
    $status = status($name, $secret);
} catch (Throwable $fault) {
    // PHP's own answer to a fault may be 200.
    error_log($fault->getMessage());
    $status = 500;
}
http_response_code($status);
