// A schema registry for tests: the one of franz-go, which keeps everything in memory, made to survive a restart.
//
// Every request that changed something is a line of a journal, and the journal is repeated at start. Ids are given out in the order of
// registrations, so that each schema has the id it had before.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

type change struct {
	Method string `json:"method"`
	Target string `json:"target"`
	Body   string `json:"body"`
}

type journal struct {
	mutex   sync.Mutex
	file    *os.File
	written map[change]bool
	next    http.Handler
}

var registration = regexp.MustCompile(`^/subjects/[^/]+/versions$`)

func main() {
	address := flag.String("listen", "127.0.0.1:8081", "host:port to listen on")
	path := flag.String("journal", "", "file that keeps the changes")
	flag.Parse()
	kept, err := open(*path, srfake.NewRegistry().Handler())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, kept))
}

// open repeats the journal on a fresh registry. A last line without an end was being written when the process was killed, and its request
// was never answered: it is cut off.
func open(path string, next http.Handler) (*journal, error) {
	kept := &journal{written: map[change]bool{}, next: next}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	lines := bufio.NewScanner(bytes.NewReader(whole))
	lines.Buffer(nil, len(whole)+1)
	for lines.Scan() {
		var one change
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if answer := kept.perform(one); answer.Code >= 300 {
			return nil, fmt.Errorf("%s: %s %s is refused now: %s", path, one.Method, one.Target, answer.Body)
		}
		kept.remember(one)
	}
	if kept.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	if err = kept.file.Truncate(int64(len(whole))); err != nil {
		return nil, err
	}
	_, err = kept.file.Seek(0, io.SeekEnd)
	return kept, err
}

func (kept *journal) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	registers := request.Method == http.MethodPost && registration.MatchString(request.URL.EscapedPath())
	if !registers && request.Method != http.MethodPut && request.Method != http.MethodDelete {
		kept.next.ServeHTTP(writer, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	// One at a time, so that the journal has the order of the ids.
	kept.mutex.Lock()
	defer kept.mutex.Unlock()
	one := change{request.Method, request.URL.RequestURI(), string(body)}
	answer := kept.perform(one)
	if answer.Code < 300 && !kept.written[one] {
		if err := kept.append(one); err != nil {
			http.Error(writer, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	for name, values := range answer.Header() {
		writer.Header()[name] = values
	}
	writer.WriteHeader(answer.Code)
	_, _ = writer.Write(answer.Body.Bytes())
}

func (kept *journal) perform(one change) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(one.Method, one.Target, strings.NewReader(one.Body))
	request.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	kept.next.ServeHTTP(answer, request)
	return answer
}

func (kept *journal) append(one change) error {
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	if _, err = kept.file.Write(append(line, '\n')); err != nil {
		return err
	}
	kept.remember(one)
	return kept.file.Sync()
}

// remember keeps the journal from growing with every client that registers the same schema at its start. After any other change the same
// request may mean something new.
func (kept *journal) remember(one change) {
	if one.Method != http.MethodPost {
		clear(kept.written)
		return
	}
	kept.written[one] = true
}
