// Tells whether a webhook request is from who it says, over the body as it was received.
// Copy this file. It needs Go 1.19 and nothing else.

package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Algorithm says how a signature is made of the content.
type Algorithm int

const (
	SHA256 Algorithm = iota
	SHA512
	Ed25519
	Static // The secret itself.
)

// Scheme says where a request carries its signatures and how they are made.
type Scheme struct {
	Header    string // Carries the signatures.
	Entry     string // What a signature begins with; what begins otherwise is passed over.
	Separator string // Between signatures, of which there are several while a secret is rotated; empty: there is one.
	Before    string // What is signed before the body.
	ID        string // The header of the message id, which stays the same when it is sent again; empty: none.
	Timestamp string // The header of the time of sending, "t=" where the signature header has it, or empty.
	Algorithm Algorithm
	Base64    bool   // How a signature is written; otherwise in hexadecimal, lower case.
	Secret    string // What a secret begins with that is base64 from there on; empty: used as it is.
}

// Schemes are all that these receivers know, by name.
var Schemes = map[string]Scheme{
	"standard-v1":     {Header: "webhook-signature", Entry: "v1,", Separator: " ", Before: "{id}.{timestamp}.", ID: "webhook-id", Timestamp: "webhook-timestamp", Base64: true, Secret: "whsec_"},
	"standard-v1a":    {Header: "webhook-signature", Entry: "v1a,", Separator: " ", Before: "{id}.{timestamp}.", ID: "webhook-id", Timestamp: "webhook-timestamp", Algorithm: Ed25519, Base64: true, Secret: "whpk_"},
	"svix":            {Header: "svix-signature", Entry: "v1,", Separator: " ", Before: "{id}.{timestamp}.", ID: "svix-id", Timestamp: "svix-timestamp", Base64: true, Secret: "whsec_"},
	"justwallet":      {Header: "signature"},
	"hex-body":        {Header: "x-signature"},
	"stripe":          {Header: "stripe-signature", Entry: "v1=", Separator: ",", Before: "{timestamp}.", Timestamp: "t="},
	"github":          {Header: "x-hub-signature-256", Entry: "sha256=", ID: "x-github-delivery"},
	"slack":           {Header: "x-slack-signature", Entry: "v0=", Before: "v0:{timestamp}:", Timestamp: "x-slack-request-timestamp"},
	"zoom":            {Header: "x-zm-signature", Entry: "v0=", Before: "v0:{timestamp}:", Timestamp: "x-zm-request-timestamp"},
	"shopify":         {Header: "x-shopify-hmac-sha256", ID: "x-shopify-webhook-id", Base64: true},
	"pagerduty":       {Header: "x-pagerduty-signature", Entry: "v1=", Separator: ","},
	"convoy-advanced": {Header: "x-convoy-signature", Entry: "v1=", Separator: ",", Before: "{timestamp},", Timestamp: "t="},
	"masspay":         {Header: "x-masspay-signature", Entry: "s=", Separator: ",", Before: "{timestamp}|", Timestamp: "t=", Algorithm: SHA512},
	"static-secret":   {Header: "signature", Algorithm: Static},
}

// Key is the key in a secret. Call it once, at the start, so that a wrong secret is found then.
func (s Scheme) Key(secret string) ([]byte, error) {
	if !strings.HasPrefix(secret, s.Secret) {
		return nil, fmt.Errorf("the secret must begin with %s", s.Secret)
	}
	key := []byte(secret)
	if s.Secret != "" {
		var err error
		if key, err = base64.StdEncoding.DecodeString(secret[len(s.Secret):]); err != nil {
			return nil, err
		}
	}
	if len(key) == 0 || s.Algorithm == Ed25519 && len(key) != ed25519.PublicKeySize {
		return nil, errors.New("the secret is too short or too long")
	}
	return key, nil
}

// Verify returns the message id, which is empty where the scheme has none. An error means that the request is not to
// be believed; what it says is for your log, not for the sender. The body is the bytes as received.
func (s Scheme) Verify(key []byte, headers http.Header, body []byte, now time.Time, tolerance time.Duration) (string, error) {
	given := headers.Get(s.Header)
	if given == "" {
		return "", fmt.Errorf("%s is missing", s.Header)
	}
	entries := []string{given}
	if s.Separator != "" {
		entries = strings.Split(given, s.Separator)
	}
	id := ""
	if s.ID != "" {
		if id = headers.Get(s.ID); id == "" {
			return "", fmt.Errorf("%s is missing", s.ID)
		}
	}
	timestamp := ""
	if s.Timestamp != "" {
		timestamp = s.timestamp(headers, entries)
		seconds, err := strconv.ParseUint(timestamp, 10, 40)
		if err != nil {
			return "", errors.New("the timestamp is missing or is not a number of seconds")
		}
		if age := now.Sub(time.Unix(int64(seconds), 0)); age > tolerance || age < -tolerance {
			return "", errors.New("the timestamp is too far from now")
		}
	}
	before := strings.NewReplacer("{id}", id, "{timestamp}", timestamp).Replace(s.Before)
	content := append([]byte(before), body...)
	for _, entry := range entries {
		if strings.HasPrefix(entry, s.Entry) && s.matches(key, content, entry[len(s.Entry):]) {
			return id, nil
		}
	}
	return "", errors.New("no signature matches")
}

func (s Scheme) timestamp(headers http.Header, entries []string) string {
	if s.Timestamp != "t=" {
		return headers.Get(s.Timestamp)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry, "t=") {
			return entry[len("t="):]
		}
	}
	return ""
}

func (s Scheme) matches(key, content []byte, signature string) bool {
	var newHash func() hash.Hash
	switch s.Algorithm {
	case Static:
		return hmac.Equal(key, []byte(signature))
	case Ed25519:
		given, err := base64.StdEncoding.DecodeString(signature)
		return err == nil && ed25519.Verify(key, content, given)
	case SHA512:
		newHash = sha512.New
	default:
		newHash = sha256.New
	}
	mac := hmac.New(newHash, key)
	mac.Write(content)
	expected := hex.EncodeToString(mac.Sum(nil))
	if s.Base64 {
		expected = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	// Not ==, which takes the longer the more of it is right.
	return hmac.Equal([]byte(expected), []byte(signature))
}
