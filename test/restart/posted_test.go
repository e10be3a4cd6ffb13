package restart

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// document has a route that answers with a number, and something of most
// kinds of entities; references are not resolved in what is kept.
func document(number int) string {
	return fmt.Sprintf(`{"_format_version":"3.0",
"services":[{"name":"s","url":"http://127.0.0.1:1","tags":["a"],"routes":[{"paths":["/s"],"plugins":[{"name":"key-auth","config":{"key_names":["k"]}},{"name":"acl","config":{"allow":["g"]}}]}]}],
"routes":[{"name":"n","paths":["/n"],"plugins":[{"name":"request-termination","config":{"status_code":200,"message":"%d"}}]},
 {"name":"m","paths":["/m"],"plugins":[{"name":"ai-proxy","config":{"route_type":"llm/v1/chat","auth":{"header_name":"authorization","header_value":"{vault://env/nope}"},"model":{"provider":"openai","name":"x"}}}]}],
"consumers":[{"username":"bob","keyauth_credentials":[{},{"key":"hush-%d","ttl":3600}],"acls":[{"group":"g"}]}],
"consumer_groups":[{"name":"g"}],"consumer_group_consumers":[{"consumer":"bob","consumer_group":"g"}],
"upstreams":[{"name":"u","targets":[{"target":"127.0.0.1:2"}]}],
"plugins":[{"name":"correlation-id"},{"name":"prometheus"},{"name":"cors","service":"s"},{"name":"file-log","route":"n","config":{"path":"/dev/null"}}]}`, number, number)
}

func (n *node) posts(t *testing.T, text string, want int) {
	t.Helper()
	if status, body := n.post(text); status != want {
		t.Fatalf("POST /config: %d, want %d: %s", status, want, body)
	}
}

func answers(t *testing.T, url string, status int, part string) {
	t.Helper()
	if got, body := get(url); got != status || !strings.Contains(body, part) {
		t.Errorf("%s: %d %s, want %d %s", url, got, body, status, part)
	}
}

// A configuration that was answered with 201 is there after kill -9, the same
// to the byte, and so is its hash; only the owner can read the file.
func TestPostedSurvivesKill(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "not", "there", "yet")
	n := start(t, prefix)
	answers(t, n.status+"/status/ready", 503, "no configuration available")
	n.posts(t, document(1), http.StatusCreated)
	n.posts(t, `{"_format_version":"3.0","services":[{}]}`, http.StatusBadRequest)
	_, config := get(n.admin + "/config")
	if !strings.Contains(config, "hush-1") || !strings.Contains(config, "{vault://env/nope}") {
		t.Error(config)
	}
	log := n.end(syscall.SIGKILL)

	n = start(t, prefix)
	if _, again := get(n.admin + "/config"); again != config {
		t.Errorf("before %s\nafter  %s", config, again)
	}
	answers(t, n.proxy+"/n", 200, `"1"`)
	answers(t, n.status+"/status/ready", 200, "ready")
	if status, body := n.post(strings.TrimSuffix(document(1), "}") + `,"check_hash":1}`); status != http.StatusCreated {
		t.Errorf("another text: %d %s", status, body)
	}
	n.posts(t, document(2), http.StatusCreated)
	log += n.end(syscall.SIGTERM)

	n = start(t, prefix)
	answers(t, n.proxy+"/n", 200, `"2"`)
	log += n.end(syscall.SIGKILL)
	if strings.Contains(log, "hush") {
		t.Error("a secret was logged")
	}
	ownersOnly(t, prefix)
}

func ownersOnly(t *testing.T, prefix string) {
	t.Helper()
	for path, want := range map[string]os.FileMode{prefix: 0o700, filepath.Join(prefix, "posted.json"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	if left, err := os.ReadDir(prefix); err != nil || len(left) != 1 {
		t.Errorf("in the folder: %v %v", left, err)
	}
}

// Killed while configurations come, a gateway comes back with the last one
// that was answered, or with the one after it.
func TestKilledWhilePosting(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 4
	}
	prefix, answered := t.TempDir(), 0
	for round := range rounds {
		n := start(t, prefix)
		if answered > 0 {
			answered = came(t, n, answered)
		}
		now := func() bool { return true }
		if round%2 == 1 {
			now = func() bool { return drafted(t, prefix) }
		}
		answered = postUntilKilled(t, n, answered, 1+round, now)
	}
	came(t, start(t, prefix), answered)
}

// drafted tells whether a configuration is being written.
func drafted(t *testing.T, prefix string) bool {
	t.Helper()
	entries, err := os.ReadDir(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".new") })
}

// postUntilKilled posts one configuration after the other, kills the gateway
// once so many were answered and the moment has come, and gives the last
// number that was answered.
func postUntilKilled(t *testing.T, n *node, answered, many int, now func() bool) int {
	t.Helper()
	last := make(chan int, 1)
	var count atomic.Int64
	go func() {
		number := answered + 1
		for status, _ := n.post(document(number)); status == http.StatusCreated; status, _ = n.post(document(number)) {
			count.Add(1)
			number++
		}
		last <- number - 1
	}()
	for count.Load() < int64(many) || !now() {
		runtime.Gosched()
	}
	n.end(syscall.SIGKILL)
	return <-last
}

// came wants the configuration that was answered last or the next one, and
// gives its number.
func came(t *testing.T, n *node, answered int) int {
	t.Helper()
	for _, number := range []int{answered, answered + 1} {
		if status, body := get(n.proxy + "/n"); status == 200 && strings.Contains(body, fmt.Sprintf(`"%d"`, number)) {
			return number
		}
	}
	_, body := get(n.proxy + "/n")
	t.Fatalf("%d was answered, and this came back: %s", answered, body)
	return 0
}

// A declarative configuration in the settings wins, also over one that is
// posted to it, and drops what was posted before.
func TestDeclarativeWins(t *testing.T) {
	for _, setting := range []string{"declarative_config", "declarative_config_string"} {
		prefix := t.TempDir()
		n := start(t, prefix)
		n.posts(t, document(1), http.StatusCreated)
		n.end(syscall.SIGKILL)

		value := strings.ReplaceAll(document(7), "\n", " ")
		if setting == "declarative_config" {
			value = filepath.Join(t.TempDir(), "kong.json")
			if err := os.WriteFile(value, []byte(document(7)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n = start(t, prefix, setting+" = "+value)
		answers(t, n.proxy+"/n", 200, `"7"`)
		n.posts(t, document(8), http.StatusCreated)
		answers(t, n.proxy+"/n", 200, `"8"`)
		if log := n.end(syscall.SIGKILL); !strings.Contains(log, "the configuration posted earlier was removed") {
			t.Errorf("%s: not said: %s", setting, log)
		}
		n = start(t, prefix, setting+" = "+value)
		answers(t, n.proxy+"/n", 200, `"7"`)
		n.end(syscall.SIGKILL)
		n = start(t, prefix)
		answers(t, n.proxy+"/n", 404, "no Route matched")
		n.end(syscall.SIGKILL)
	}
}

// What was kept and cannot run leaves a gateway that says so, is not ready,
// and takes another one.
func TestKeptButBroken(t *testing.T) {
	prefix := t.TempDir()
	n := start(t, prefix)
	n.posts(t, document(1), http.StatusCreated)
	n.end(syscall.SIGKILL)

	// A plugin of it is switched off, and on again.
	n = start(t, prefix, "plugins = request-termination")
	answers(t, n.status+"/status/ready", 503, "no configuration available")
	answers(t, n.proxy+"/n", 404, "no Route matched")
	if log := n.end(syscall.SIGTERM); !strings.Contains(log, "the configuration posted earlier cannot run") || !strings.Contains(log, "not enabled") {
		t.Error("not said:", log)
	}
	n = start(t, prefix)
	answers(t, n.proxy+"/n", 200, `"1"`)
	n.end(syscall.SIGKILL)

	file := filepath.Join(prefix, "posted.json")
	if err := os.Truncate(file, 100); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".1.new", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	n = start(t, prefix)
	answers(t, n.status+"/status/ready", 503, "no configuration available")
	n.posts(t, document(3), http.StatusCreated)
	n.end(syscall.SIGKILL)
	answers(t, start(t, prefix).proxy+"/n", 200, `"3"`)
	if left, err := os.ReadDir(prefix); err != nil || len(left) != 1 {
		t.Errorf("in the folder: %v %v", left, err)
	}
}

// Where nothing can be written a posted configuration runs, and the log says
// that it will be gone; where writing fails later, nothing changes.
func TestNowhereToKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, filepath.Join(file, "below"))
	n.posts(t, document(1), http.StatusCreated)
	answers(t, n.proxy+"/n", 200, `"1"`)
	if log := n.end(syscall.SIGKILL); !strings.Contains(log, "will not survive a restart") {
		t.Error("not said:", log)
	}

	prefix := filepath.Join(t.TempDir(), "prefix")
	n = start(t, prefix)
	n.posts(t, document(1), http.StatusCreated)
	if err := os.RemoveAll(prefix); err != nil {
		t.Fatal(err)
	}
	n.posts(t, document(2), http.StatusCreated)
	if err := os.RemoveAll(prefix); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(prefix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n.posts(t, document(3), http.StatusInternalServerError)
	answers(t, n.proxy+"/n", 200, `"2"`)
	if log := n.end(syscall.SIGKILL); !strings.Contains(log, "keeping the configuration") {
		t.Error("not said:", log)
	}
}
