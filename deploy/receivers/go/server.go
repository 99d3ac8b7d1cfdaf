// A webhook receiver. SCHEME, SECRET, PORT (0: any), TOLERANCE (seconds) and, for kloutit, VERIFY_URL are read from the
// environment. Behind a proxy that speaks HTTPS.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

const mostBytes = 1 << 20

type receiver struct {
	name, secret, verifyURL string
	scheme                  Scheme
	key                     []byte
	tolerance               time.Duration
	taken                   int
}

// Redirects are answers here, not to be followed.
var client = http.Client{
	Timeout:       5 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask gives the status for Kloutit, which signs nothing and is asked instead: taken if it says that the event is its
// own, 401 if not, 503 if it does not say. The secret is the key of its API.
func (r *receiver) ask(body []byte) int {
	request, err := http.NewRequest(http.MethodPost, r.verifyURL, bytes.NewReader(body))
	if err != nil {
		return http.StatusServiceUnavailable
	}
	request.Header.Set("x-api-key", r.secret)
	request.Header.Set("content-type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return http.StatusServiceUnavailable
	}
	response.Body.Close()
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return r.taken
	case response.StatusCode < 500:
		return http.StatusUnauthorized
	default:
		return http.StatusServiceUnavailable
	}
}

// take is where to store the event and be done: what it means is worked out after the answer. An id that is stored
// already is an event sent again, which is answered like the first. The body is not logged: it holds personal data.
func (r *receiver) take(id string, body []byte) {
	if id == "" {
		id = "-"
	}
	fmt.Printf("accepted %s %s %d bytes\n", r.name, id, len(body))
}

func (r *receiver) status(w http.ResponseWriter, request *http.Request) int {
	if request.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, mostBytes))
	if err != nil {
		return http.StatusRequestEntityTooLarge
	}
	id, status := "", r.taken
	if r.verifyURL != "" {
		status = r.ask(body)
	} else if id, err = r.scheme.Verify(r.key, request.Header, body, time.Now(), r.tolerance); err != nil {
		log.Print("refused: ", err)
		status = http.StatusUnauthorized
	}
	if status == r.taken {
		r.take(id, body)
	}
	return status
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.WriteHeader(r.status(w, request))
}

func configured() (*receiver, error) {
	r := &receiver{name: os.Getenv("SCHEME"), secret: os.Getenv("SECRET"), tolerance: 300 * time.Second, taken: 204}
	if text := os.Getenv("TOLERANCE"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, err
		}
		r.tolerance = time.Duration(seconds) * time.Second
	}
	// Just Wallet takes 200 alone for an answer; all others take any 2xx.
	if r.name == "justwallet" {
		r.taken = 200
	}
	if r.name == "kloutit" {
		if r.verifyURL = os.Getenv("VERIFY_URL"); r.verifyURL == "" || r.secret == "" {
			return nil, errors.New("VERIFY_URL or SECRET is missing")
		}
		return r, nil
	}
	var known bool
	if r.scheme, known = Schemes[r.name]; !known {
		return nil, errors.New("SCHEME is missing or unknown")
	}
	var err error
	r.key, err = r.scheme.Key(r.secret)
	return r, err
}

func main() {
	r, err := configured()
	if err != nil {
		log.Fatal(err)
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "0"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	server := http.Server{Handler: r, ReadTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}
