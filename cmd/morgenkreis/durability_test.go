package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// kill -9 does not prove durability: what was written is in the kernel and outlives the process. Only the system calls
// tell whether it would outlive a power cut as well. So the server runs under strace, and before each 201 leaves, the log
// of the database must have been written and synced, in this order, since the answer before.

func TestEveryAnswerIsOnDiskBeforeItLeaves(t *testing.T) {
	violations, answers := traced(t, buildProgram(t))
	if answers < 20 {
		t.Fatalf("only %d answers in the trace", answers)
	}
	if len(violations) > 0 {
		t.Fatalf("%d of %d answers left before they were on disk: %s", len(violations), answers, violations[0])
	}
}

// TestTheTraceTellsFullFromNormal proves that the test above can fail: the same program with synchronous=NORMAL, and
// without the check that keeps the real one from starting so.
func TestTheTraceTellsFullFromNormal(t *testing.T) {
	violations, answers := traced(t, buildProgram(t, overlay(t, "_synchronous=FULL", "_synchronous=NORMAL", "sync < 2", "sync < 1")...))
	if len(violations) < answers/2 {
		t.Fatalf("with synchronous=NORMAL only %d of %d answers are found wanting: the trace proves nothing", len(violations), answers)
	}
}

func TestServerRefusesToRunWithLessThanFull(t *testing.T) {
	program := buildProgram(t, overlay(t, "_synchronous=FULL", "_synchronous=NORMAL")...)
	out, err := exec.CommandContext(t.Context(), program, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--metrics-listen", "off").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "WAL and FULL (2) are needed") {
		t.Fatalf("it started, or did not say why not: %v\n%s", err, out)
	}
}

// overlay makes go build see store/engine.go with replacements (old, new, …), each of which must be there once.
func overlay(t *testing.T, replacements ...string) []string {
	t.Helper()
	original, err := filepath.Abs("../../store/engine.go")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	mutant := string(raw)
	for i := 0; i < len(replacements); i += 2 {
		if strings.Count(mutant, replacements[i]) != 1 {
			t.Fatalf("store/engine.go no longer holds %q once", replacements[i])
		}
		mutant = strings.Replace(mutant, replacements[i], replacements[i+1], 1)
	}
	dir := t.TempDir()
	changed, file := filepath.Join(dir, "engine.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{changed: []byte(mutant), file: list} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"-overlay", file}
}

// buildProgram builds the server as it is shipped, without the race detector.
func buildProgram(t *testing.T, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "morgenkreis")
	out, err := exec.Command("go", append(append([]string{"build", "-o", program}, flags...), ".")...).CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// traced posts notices one after the other to program under strace, and reads the trace.
func traced(t *testing.T, program string) (violations []string, answers int) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatalf("strace is needed (Debian: apt-get install strace): %v", err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	p := newProcess(t, []string{strace, "-f", "-y", "-qq", "-s", "32", "-e", "trace=fsync,fdatasync,pwrite64,write,writev,sendto", "-o", trace, program})
	p.start()
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(p.data, databaseName)})
	if err != nil {
		t.Fatal(err)
	}
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	lead := k.Leader("Lea")
	k.Group("Bären").Child("Mia").Guardian("Mama")
	w.Live()
	session := w.SignIn(*lead.AccountID)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		if !postOnce(ctx, t, p.url, session, k.ID, kita.NewID(), i) {
			t.Fatalf("notice %d was not answered", i)
		}
	}
	if err := p.stop(); err != nil {
		t.Fatalf("the server did not stop in order: %v", err)
	}
	return readTrace(t, trace)
}

var (
	walWritten = regexp.MustCompile(`pwrite64\(\d+<[^>]*` + regexp.QuoteMeta(databaseName) + `-wal>`)
	walSynced  = regexp.MustCompile(`(?:fsync|fdatasync)\(\d+<[^>]*` + regexp.QuoteMeta(databaseName) + `-wal>\)? .*= 0|(?:fsync|fdatasync)\(\d+<[^>]*` + regexp.QuoteMeta(databaseName) + `-wal>\)\s+= 0`)
	syncBegun  = regexp.MustCompile(`^(\d+) +(?:fsync|fdatasync)\(\d+<[^>]*` + regexp.QuoteMeta(databaseName) + `-wal> <unfinished`)
	syncEnded  = regexp.MustCompile(`^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>.*= 0`)
	created    = regexp.MustCompile(`(?:write|writev|sendto)\(.*HTTP/1\.1 201`)
)

// readTrace walks the calls in their order: an answer is in order when the log was written since the answer before, and
// synced after its last write. A call that another thread interrupted stands in two lines; it counts when it has ended.
func readTrace(t *testing.T, file string) (violations []string, answers int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	written, dirty := false, false
	syncing := map[string]bool{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch begun, ended := syncBegun.FindStringSubmatch(line), syncEnded.FindStringSubmatch(line); {
		case walWritten.MatchString(line):
			written, dirty = true, true
		case begun != nil:
			syncing[begun[1]] = true
		case ended != nil && syncing[ended[1]]:
			delete(syncing, ended[1])
			dirty = false
		case walSynced.MatchString(line):
			dirty = false
		case created.MatchString(line):
			answers++
			if !written || dirty {
				violations = append(violations, fmt.Sprintf("line %d, written %v, unsynced %v: %s", n, written, dirty, line))
			}
			written = false
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return violations, answers
}
