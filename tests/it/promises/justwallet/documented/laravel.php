<?php

// As much of Laravel as the receiver in `webhook.php` asks for, with the middleware that an application of Laravel has
// from the start. Run by `php -S 127.0.0.1:0 laravel.php`. What a request's `all` and `header` say is what Laravel 11
// makes of it: the body decoded where its type is JSON, and the parameters of the query beside it.

declare(strict_types=1);

namespace Illuminate\Http {
    final class Request
    {
        private array $parameters;

        public function __construct(private array $headers, string $content, array $query)
        {
            $type = $this->header('content-type') ?? '';
            $isJson = str_contains($type, '/json') || str_contains($type, '+json');
            $sent = $isJson ? (array) json_decode($content === '' ? '[]' : $content, true) : [];
            $this->parameters = self::cleaned($sent) + self::cleaned($query);
        }

        public function header(string $name): ?string
        {
            return $this->headers[strtolower($name)] ?? null;
        }

        public function all(): array
        {
            return $this->parameters;
        }

        // TrimStrings and ConvertEmptyStringsToNull.
        private static function cleaned(array $values): array
        {
            return array_map(static function (mixed $value): mixed {
                if (is_array($value)) {
                    return self::cleaned($value);
                }
                if (!is_string($value)) {
                    return $value;
                }
                $trimmed = preg_replace('~^[\s\x{FEFF}\x{200B}]+|[\s\x{FEFF}\x{200B}]+$~u', '', $value) ?? trim($value);
                return $trimmed === '' ? null : $trimmed;
            }, $values);
        }
    }
}

namespace {
    final class Refused extends RuntimeException
    {
    }

    final class Route
    {
        public static array $posts = [];

        public static function post(string $uri, callable $action): void
        {
            self::$posts[trim($uri, '/')] = $action;
        }
    }

    final class Log
    {
        public static function info(mixed $message): void
        {
            error_log('logged ' . json_encode($message));
        }
    }

    function abort(int $status): never
    {
        throw new Refused(code: $status);
    }

    function response(mixed $content = '', int $status = 200): array
    {
        return [$status, (string) $content];
    }

    function answer(): array
    {
        $action = Route::$posts[trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/')] ?? null;
        if ($action === null) {
            return [404, ''];
        }
        if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
            return [405, ''];
        }
        $headers = array_change_key_case(getallheaders());
        $request = new Illuminate\Http\Request($headers, file_get_contents('php://input'), $_GET);
        try {
            return $action($request);
        } catch (Refused $refused) {
            return [$refused->getCode(), ''];
        }
    }

    require __DIR__ . '/webhook.php';

    [$status, $content] = answer();
    http_response_code($status);
    echo $content;
}
