<?php
// What PHP makes of texts. Reads a file of texts, one a line in base64, and answers each with a line:
//   AGAIN     json_encode(json_decode($text, true)) in base64, or - where PHP cannot
//   OBJECTS   the same where objects stay objects, json_encode(json_decode($text))

[, $input, $output] = $argv;
$answers = [];
foreach (file($input, FILE_IGNORE_NEW_LINES) as $line) {
    $text = base64_decode($line);
    $answers[] = again($text, true) . " " . again($text, false);
}
file_put_contents($output, implode("\n", $answers));

function again(string $text, bool $as_arrays): string
{
    $value = json_decode($text, $as_arrays);
    if (json_last_error() !== JSON_ERROR_NONE) {
        return "-";
    }
    $again = json_encode($value);
    return $again === false ? "-" : base64_encode($again);
}
