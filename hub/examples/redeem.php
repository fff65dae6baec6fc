<?php
// A redemption by a page that has no library: redeem(...) below, and how a page calls it. Needs PHP 7.1 and its curl.

/** The members of the hub's proven answer. Null: nothing is proven, so ask again with the same members. */
function redeem(string $hub, string $till, string $keyFile, array $members): ?array
{
    [$generation, $digits] = explode(':', trim(file_get_contents($keyFile)));
    $key = hex2bin($digits);
    $lines = function (array $lines): string {
        return implode("\n", $lines) . "\n";
    };

    $target = '/v1/use';
    $body = json_encode($members, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    $time = (string) time();
    $nonce = bin2hex(random_bytes(16));
    $digest = hash('sha256', $body);
    $text = $lines(['wxcoupon-hub request 1', 'POST', $target, $till, $generation, $time, $nonce, $digest]);

    $headers = [];
    $curl = curl_init($hub . $target);
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 15,
        CURLOPT_HTTPHEADER => [
            'Content-Type: application/json',
            'wxcoupon-till: ' . $till,
            'wxcoupon-key: ' . $generation,
            'wxcoupon-time: ' . $time,
            'wxcoupon-nonce: ' . $nonce,
            'wxcoupon-mac: ' . hash_hmac('sha256', $text, $key),
        ],
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$headers): int {
            $parts = explode(':', $line, 2);
            if (count($parts) === 2) {
                $headers[strtolower($parts[0])] = trim($parts[1]);
            }
            return strlen($line);
        },
    ]);
    $answer = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if (!is_string($answer)) {
        return null;
    }

    $proof = ['wxcoupon-time', 'wxcoupon-proven-at', 'wxcoupon-mac'];
    [$hubTime, $provenAt, $mac] = array_map(function ($name) use ($headers) {
        return $headers[$name] ?? '';
    }, $proof);
    $text = $lines(['wxcoupon-hub answer 1', $nonce, $status, $hubTime, $provenAt, hash('sha256', $answer)]);
    return hash_equals(hash_hmac('sha256', $text, $key), $mac) ? json_decode($answer, true) : null;
}

// redeem.php HUB TILL KEY_FILE JSON
if (PHP_SAPI === 'cli' && isset($argv[4])) {
    $answer = redeem($argv[1], $argv[2], $argv[3], json_decode($argv[4], true));
    echo $answer === null ? "not known yet\n" : $answer['name'] . "\n";
    // What is in doubt is asked for again, whatever else the answer says.
    exit($answer === null || $answer['in_doubt'] ? 4 : intdiv($answer['status'], 1000));
}
