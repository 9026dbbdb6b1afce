package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"morgenkreis/store"
)

// part is one member of an archive that a test puts together.
type part struct {
	tar.Header
	body []byte
}

func file(name, body string) part {
	return part{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(body)), Mode: 0o600}, []byte(body)}
}

func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// parts takes a backup apart; the manifest is the last.
func parts(t *testing.T, path string) (all []part) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file(h.Name, string(body)))
	}
}

// sealed makes a backup of parts as a forger would: whatever is in it, its seal is good.
func sealed(t *testing.T, all []part) (path string) {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	whole := true
	for _, p := range all {
		if err := w.WriteHeader(&p.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p.body); err != nil {
			t.Fatal(err)
		}
		if whole = p.Size == int64(len(p.body)); !whole {
			break
		}
	}
	if whole {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(out.Bytes())
	out.WriteString(seal(sum[:]))
	path = filepath.Join(t.TempDir(), "forged")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// refused tells what restore says of the backup, and makes sure that it leaves nothing behind.
func refused(t *testing.T, path string, room func(string) (room, error)) string {
	t.Helper()
	folder := t.TempDir()
	_, err := restore{data: filepath.Join(folder, "data"), room: room, show: quiet}.fromFile(t.Context(), path)
	if all := names(t, folder); len(all) > 0 {
		t.Errorf("left behind: %v", all)
	}
	if err == nil {
		t.Error("it was restored")
		return ""
	}
	return err.Error()
}

func TestDamagedBackupIsNotRestored(t *testing.T) {
	l := newLodging(t)
	l.attach("Speiseplan")
	whole, _ := l.saved()
	raw, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged")
	try := func(what, says string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := refused(t, path, plenty); !strings.Contains(got, says) {
			t.Errorf("%s: %s", what, got)
		}
	}
	chance := rand.New(rand.NewPCG(1, 2))
	// The bytes of the headers, of the seal, and of what stands around them, and some of all others; each with one bit
	// changed, the smallest damage there is.
	var at []int
	for i := range 40 {
		at = append(at, i)
	}
	for i := range sealSize + 40 {
		at = append(at, len(raw)-1-i)
	}
	for range 200 {
		at = append(at, chance.IntN(len(raw)))
	}
	for _, i := range at {
		flipped := bytes.Clone(raw)
		flipped[i] ^= 1 << chance.IntN(8)
		try(fmt.Sprintf("byte %d of %d flipped", i, len(raw)), "backup", flipped)
	}
	for _, n := range []int{0, 1, 2, 10, sealSize - 1, sealSize, sealSize + 1, len(raw) / 2, len(raw) - sealSize, len(raw) - sealSize - 1, len(raw) - 1} {
		try(fmt.Sprintf("the first %d of %d bytes", n, len(raw)), "backup", raw[:n])
	}
	try("a byte more", errCutShort.Error(), append(bytes.Clone(raw), 0))
	try("the same again", errDamaged.Error(), append(bytes.Clone(raw), raw...))
	try("another file", errNoBackup.Error(), bytes.Repeat([]byte("PK\x03\x04"), 1000))
	try("a gzip of something else", errCutShort.Error(), append([]byte{0x1f, 0x8b, 8}, bytes.Repeat([]byte{7}, 1000)...))
}

func TestForgedBackupIsNotRestored(t *testing.T) {
	l := newLodging(t)
	sum := l.attach("Speiseplan")
	whole, _ := l.saved()
	base := parts(t, whole)
	if len(base) != 3 {
		t.Fatalf("%d parts", len(base))
	}
	attachment, database := base[0], base[1]
	var m manifest
	if err := json.Unmarshal(base[2].body, &m); err != nil {
		t.Fatal(err)
	}
	// list is a manifest that tells the truth of the parts, changed.
	list := func(change func(*manifest), all ...part) []part {
		m := m
		m.Members = nil
		for _, p := range all {
			m.Members = append(m.Members, member{p.Name, p.Size, sumOf(p.body)})
		}
		if change != nil {
			change(&m)
		}
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return append(slices.Clone(all), file(manifestName, string(raw)))
	}
	kind := func(p part, typeflag byte, target string) part {
		p.Typeflag, p.Linkname, p.Size, p.body = typeflag, target, 0, nil
		return p
	}
	sized := func(p part, size int64) part { p.Size = size; return p }
	victim := filepath.Join(t.TempDir(), "victim")
	for name, c := range map[string]struct {
		says string
		all  []part
	}{
		"a path above the folder":        {"does not belong", list(nil, file("../evil", "x"), database)},
		"a path above, below files":      {"does not belong", list(nil, file("files/../../evil", "x"), database)},
		"an absolute path":               {"does not belong", list(nil, file(victim, "x"), database)},
		"another spelling of the path":   {"does not belong", list(nil, file("./"+databaseName, "x"))},
		"a name that is no sum":          {"does not belong", list(nil, file("files/"+strings.ToUpper(sum), "Speiseplan"), database)},
		"a log for the database":         {"does not belong", list(nil, database, file(databaseName+"-wal", "x"))},
		"a symbolic link":                {"which is no file", list(nil, kind(file("files/"+sum, ""), tar.TypeSymlink, victim), attachment, database)},
		"a link in place of the folder":  {"which is no file", list(nil, kind(file(filesName, ""), tar.TypeSymlink, t.TempDir()), attachment, database)},
		"a hard link":                    {"which is no file", list(nil, kind(file("files/"+sum, ""), tar.TypeLink, "/etc/passwd"), database)},
		"a folder":                       {"which is no file", list(nil, kind(file(filesName, ""), tar.TypeDir, ""), attachment, database)},
		"a device":                       {"which is no file", list(nil, kind(file("files/"+sum, ""), tar.TypeChar, ""), database)},
		"an attachment twice":            {"twice", list(nil, attachment, attachment, database)},
		"two databases":                  {"twice", list(nil, attachment, database, database)},
		"no database":                    {"no database", list(nil, attachment)},
		"nothing":                        {"no database", list(nil)},
		"no manifest":                    {"damaged", []part{attachment, database}},
		"two manifests":                  {"goes on after its manifest", append(list(nil, attachment, database), file(manifestName, "{}"))},
		"more than the manifest lists":   {"not in the manifest", list(func(m *manifest) { m.Members = m.Members[1:] }, attachment, database)},
		"less than the manifest lists":   {"missing or not what", list(func(m *manifest) { m.Members = append(m.Members, member{"files/" + sumOf(nil), 0, sumOf(nil)}) }, attachment, database)},
		"a member listed twice":          {"missing or not what", list(func(m *manifest) { m.Members = append(m.Members, m.Members[0]) }, attachment, database)},
		"another size":                   {"missing or not what", list(func(m *manifest) { m.Members[1].Size++ }, attachment, database)},
		"another checksum":               {"missing or not what", list(func(m *manifest) { m.Members[1].SHA256 = sumOf(nil) }, attachment, database)},
		"other content than its name":    {"not what its name says", list(nil, file("files/"+sum, "Anderes"), database)},
		"an attachment that is left out": {"without attachment " + sum, list(nil, database)},
		"another count":                  {"rows in kitas", list(func(m *manifest) { m.Counts = map[string]int64{"kitas": 2} }, attachment, database)},
		"no counts":                      {"tables", list(func(m *manifest) { m.Counts = nil }, attachment, database)},
		"another format":                 {"format 2", list(func(m *manifest) { m.Format = 2 }, attachment, database)},
		"a newer schema":                 {"schema version 1000", list(func(m *manifest) { m.SchemaVersion = 1000 }, attachment, database)},
		"a schema nobody can carry on": {"there is no such version", list(func(m *manifest) { m.SchemaVersion = 0 }, attachment,
			changed(t, database, "update meta set value = '0' where key = 'schema_version'"))},
		"a database of another schema": {"the manifest says " + fmt.Sprint(store.SchemaVersion), list(nil, attachment,
			changed(t, database, "update meta set value = '1000' where key = 'schema_version'"))},
		"a manifest that is no JSON":      {"not readable", []part{attachment, database, file(manifestName, "{")}},
		"an empty manifest":               {"not readable", []part{attachment, database, file(manifestName, "")}},
		"a huge manifest":                 {"too big", []part{sized(file(manifestName, ""), 1<<40)}},
		"a huge attachment":               {"free", []part{sized(file("files/"+sum, ""), 1<<50)}},
		"a database that is none":         {"file is not a database", list(nil, attachment, file(databaseName, strings.Repeat("SQLite", 1000)))},
		"an empty database":               {"there is no database", list(nil, attachment, file(databaseName, ""))},
		"a database with rows astray":     {"points at nothing", list(nil, attachment, changed(t, database, "delete from accounts"))},
		"a database with a page gone bad": {"is damaged", list(nil, attachment, rotten(database))},
		"the end within the database":     {"unexpected EOF", []part{attachment, sized(database, database.Size+512)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refused(t, sealed(t, c.all), plenty); !strings.Contains(got, c.says) {
				t.Errorf("%s; want %q", got, c.says)
			}
			if _, err := os.Lstat(victim); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("outside of the folder: %v", err)
			}
		})
	}
	// What all these were made of is good.
	restored(t, sealed(t, list(nil, attachment, database)))
}

// changed is the database after a statement, foreign keys not being looked at.
func changed(t *testing.T, p part, statement string) part {
	t.Helper()
	path := filepath.Join(t.TempDir(), "changed.db")
	if err := os.WriteFile(path, p.body, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file(databaseName, string(raw))
}

// rotten is the database with one page gone bad.
func rotten(p part) part {
	body := bytes.Clone(p.body)
	copy(body[len(body)/4096/2*4096:], bytes.Repeat([]byte{0xa5}, 4096))
	return file(databaseName, string(body))
}

func TestBackupThatDoesNotFitIsNotRestored(t *testing.T) {
	l := newLodging(t)
	whole, _ := l.saved()
	little := func(string) (room, error) { return room{free: spare + 1000, total: 1 << 30}, nil }
	if got := refused(t, whole, little); !strings.Contains(got, "make room") {
		t.Error(got)
	}
	// An archive of a few kilobytes that grows to more than there is room for ends before it is written.
	bomb := file("files/"+sumOf(make([]byte, 4<<20)), string(make([]byte, 4<<20)))
	if got := refused(t, sealed(t, []part{bomb}), little); !strings.Contains(got, "make room") {
		t.Error(got)
	}
}

func TestRestoreOverwritesNothing(t *testing.T) {
	l := newLodging(t)
	whole, _ := l.saved()
	for name, c := range map[string]struct {
		there []string
		says  string
	}{
		"another house":            {[]string{databaseName, filesName + "/"}, "is not empty"},
		"any file":                 {[]string{"notes.txt"}, "is not empty"},
		"any folder":               {[]string{filesName + "/"}, "is not empty"},
		"a hidden file":            {[]string{".keep"}, "is not empty"},
		"a restore that was ended": {[]string{restorePartial + "/"}, "when none is, remove it"},
		"the top of a volume":      {[]string{"lost+found/"}, ""},
		"an empty folder":          {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			for _, there := range c.there {
				var err error
				if folder, ok := strings.CutSuffix(there, "/"); ok {
					err = os.Mkdir(filepath.Join(data, folder), 0o700)
				} else {
					err = os.WriteFile(filepath.Join(data, there), []byte("mine"), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			before := names(t, data)
			_, err := restore{data: data, room: plenty, show: quiet}.fromFile(t.Context(), whole)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				open(t, data)
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if after := names(t, data); !slices.Equal(before, after) {
				t.Errorf("there was %v, now there is %v", before, after)
			}
			for _, path := range before {
				if b, err := os.ReadFile(filepath.Join(data, path)); err == nil && string(b) != "mine" {
					t.Errorf("%s now holds %q", path, b)
				}
			}
		})
	}
}

func TestInterruptedRestoreLeavesNothingBehind(t *testing.T) {
	l := newLodging(t)
	l.attach("Speiseplan")
	whole, _ := l.saved()
	for _, during := range []string{"checking the backup", "unpacking"} {
		ctx, cancel := context.WithCancel(t.Context())
		folder := t.TempDir()
		r := restore{data: filepath.Join(folder, "data"), room: plenty, show: func(task string, _, _ int64) {
			if task == during {
				cancel()
			}
		}}
		if _, err := r.fromFile(ctx, whole); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted while %s: %v", during, err)
		}
		if all := names(t, folder); len(all) > 0 {
			t.Errorf("left behind: %v", all)
		}
		cancel()
	}
}

func TestHouseThatComesMeanwhileIsKept(t *testing.T) {
	l := newLodging(t)
	l.attach("Speiseplan")
	whole, _ := l.saved()
	folder := t.TempDir()
	r := restore{data: filepath.Join(folder, "data"), room: plenty}
	r.show = func(task string, _, _ int64) {
		// Somebody starts a server in the folder that was empty a moment ago.
		if task == "unpacking" {
			if err := os.WriteFile(filepath.Join(r.data, databaseName), []byte("another house"), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := r.fromFile(t.Context(), whole); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a house that came meanwhile: %v", err)
	}
	if all := names(t, folder); !slices.Equal(all, []string{"data", "data/" + databaseName}) {
		t.Errorf("now there is %v", all)
	}
	if b, err := os.ReadFile(filepath.Join(r.data, databaseName)); err != nil || string(b) != "another house" {
		t.Errorf("the other house is now %d bytes (%v)", len(b), err)
	}
}
