package main

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the top of the project, seen from this package.
const root = "../.."

// The machine that tests has no container engine and may not reach the registry of the base images. So the stages that
// build are carried out here, step by step: the base image is this machine (Node, npm; Go, gcc, the C library), WORKDIR is
// an empty folder for each, COPY takes from the tree what .dockerignore leaves or from the stage before, RUN runs. What
// the final stages take must then be there, and the binary among it must serve the app.
func TestDockerfileBuildsAStaticBinaryWithTheApp(t *testing.T) {
	stages := readDockerfile(t)
	ignored := readDockerignore(t)
	needNode(t, stages[0].base)
	workshops := map[string]workshop{}
	var output strings.Builder
	for _, s := range stages {
		if s.workdir() == "" {
			continue // it builds nothing, it holds what was built
		}
		workshops[s.name] = s.carryOut(t, ignored, workshops, &output)
	}
	if strings.Contains(output.String(), "warning:") {
		t.Errorf("the linker warns of what a static binary can not do:\n%s", &output)
	}

	binary := ""
	for _, s := range stages {
		if s.workdir() != "" {
			continue
		}
		for _, step := range s.steps {
			if step.name != "COPY" {
				continue
			}
			sources, dst := step.copies()
			for _, src := range sources {
				from, built := workshops[step.flags["from"]]
				switch {
				case step.flags["from"] == "":
					if copyTree(t, root, ignored, src, t.TempDir(), false) == 0 {
						t.Errorf("COPY %s: no such file, or .dockerignore hides it", src)
					}
				case !built:
					t.Errorf("COPY --from=%s: no such stage before", step.flags["from"])
				case src == "/etc/ssl/certs/ca-certificates.crt": // comes with the base image
				default:
					if _, err := os.Stat(from.path(t, src)); err != nil {
						t.Errorf("COPY --from=%s %s: %v", step.flags["from"], src, err)
					}
					if dst == s.entrypoint(t) {
						binary = from.path(t, src)
					}
				}
			}
		}
	}
	if binary == "" {
		t.Fatal("the entry point is not among what the build stages made")
	}

	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary is not static: it has a %v", program.Type)
		}
	}
	out, err := exec.Command(binary, "version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "v1.2.3-test") {
		t.Errorf("version: %v\n%s", err, out)
	}
	p := newProcess(t, []string{binary})
	p.start()
	servesTheApp(t, p.url)
}

// What the tests make believe with (push services above all) has no place in what people run.
func TestProgramHoldsNothingOfTheTests(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, "morgenkreis/notify") {
		t.Fatalf("go list lists something else: %q", packages)
	}
	for _, p := range packages {
		if p == "testing" || strings.Contains(p, "pushtest") || strings.HasSuffix(p, "storetest") || strings.Contains(p, "websocket") {
			t.Errorf("%s is in the program", p)
		}
	}
}

// servesTheApp fails unless the page at url is the app's, with every script and style that it names.
func servesTheApp(t *testing.T, url string) {
	t.Helper()
	page := fetched(t, url+"/")
	parts := regexp.MustCompile(`"(?:\.?/)(_app/[^"]+\.(?:js|css))"`).FindAllStringSubmatch(page, -1)
	if len(parts) < 2 {
		t.Fatalf("the binary was built without the app; it serves:\n%s", page)
	}
	for _, part := range parts {
		if fetched(t, url+"/"+part[1]) == "" {
			t.Errorf("%s is empty", part[1])
		}
	}
}

func fetched(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, res.Status, err)
	}
	return string(body)
}

// needNode fails when this machine's Node is another than that of the base image: what it builds then proves nothing.
func needNode(t *testing.T, base string) {
	t.Helper()
	version := regexp.MustCompile(`^node:(\d+)-`).FindStringSubmatch(base)
	if version == nil {
		t.Fatalf("the stage that builds the app starts from %s", base)
	}
	out, err := exec.Command("node", "--version").Output()
	if err != nil {
		t.Fatalf("Node %s is needed to build the app (https://nodejs.org/en/download): %v", version[1], err)
	}
	if !strings.HasPrefix(string(out), "v"+version[1]+".") {
		t.Logf("the image is built with Node %s, this machine has %s", version[1], out)
	}
}

// workshop is what a stage left: a folder that stands for its WORKDIR.
type workshop struct{ stage, workdir, folder string }

// path is where name of the stage is on this machine.
func (r workshop) path(t *testing.T, name string) string {
	t.Helper()
	if path.IsAbs(name) {
		rest, ok := strings.CutPrefix(path.Clean(name)+"/", r.workdir+"/")
		if !ok {
			t.Fatalf("%s of the stage %s is outside of %s", name, r.stage, r.workdir)
		}
		name = rest
	}
	return filepath.Join(r.folder, name)
}

// carryOut does what the stage says, in an empty folder; output is what its commands print.
func (s stage) carryOut(t *testing.T, ignored dockerignore, workshops map[string]workshop, output io.Writer) workshop {
	t.Helper()
	here := workshop{s.name, s.workdir(), t.TempDir()}
	// npm is to look first at what it has fetched before, on this machine; in the image that is nothing.
	env := append(os.Environ(), "npm_config_prefer_offline=true")
	for _, step := range s.steps {
		switch step.name {
		case "WORKDIR":
		case "ARG":
			name, _, _ := strings.Cut(step.args, "=")
			env = append(env, name+"=v1.2.3-test")
		case "ENV":
			env = append(env, strings.Fields(step.args)...)
		case "COPY":
			sources, dst := step.copies()
			for _, src := range sources {
				top, hidden, from := root, ignored, src
				if name := step.flags["from"]; name != "" {
					before, ok := workshops[name]
					if !ok {
						t.Fatalf("COPY --from=%s: no such stage before", name)
					}
					rel, err := filepath.Rel(before.folder, before.path(t, src))
					if err != nil {
						t.Fatal(err)
					}
					top, hidden, from = before.folder, nil, rel
				}
				if copyTree(t, top, hidden, from, here.path(t, dst), strings.HasSuffix(dst, "/")) == 0 {
					t.Fatalf("COPY %s: no such file, or .dockerignore hides it", src)
				}
			}
		case "RUN":
			command := exec.CommandContext(t.Context(), "/bin/sh", "-c", step.args)
			command.Dir, command.Env = here.folder, env
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("RUN %s: %v\n%s", step.args, err, out)
			}
			output.Write(out)
		default:
			t.Fatalf("the stage %s has a %s; this test does not know it yet", s.name, step.name)
		}
	}
	return here
}

func TestDockerfileBuildsWithTheVersionOfGoMod(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(mod))
	if version == nil || !slices.ContainsFunc(readDockerfile(t), func(s stage) bool { return s.base == "golang:"+version[1]+"-bookworm" }) {
		t.Errorf("go.mod says %q, and no stage starts from it", version)
	}
}

func TestImageRunsAsNobodySpecial(t *testing.T) {
	stages := readDockerfile(t)
	final := stages[len(stages)-1]
	if final.base != "scratch" {
		t.Errorf("the final stage starts from %s: more than the server is in it", final.base)
	}
	user := final.last("USER")
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER %q is not a number of its own", user)
	}
	var check []string
	if _, list, _ := strings.Cut(final.last("HEALTHCHECK"), "CMD "); json.Unmarshal([]byte(list), &check) != nil ||
		!slices.Equal(check, []string{final.entrypoint(t), "health"}) {
		t.Errorf("the health check is %q", check)
	}
	volume := final.last("VOLUME")
	owned := false
	for _, step := range final.steps {
		if step.name == "COPY" {
			_, dst := step.copies()
			owned = owned || dst == volume && step.flags["chown"] == user
		}
	}
	if !owned {
		t.Errorf("%s does not belong to %s", volume, user)
	}
	if !slices.ContainsFunc(final.steps, func(s step) bool { return s.name == "ENV" && s.args == "MORGENKREIS_DATA="+volume }) {
		t.Errorf("the server does not keep its data in the volume %s", volume)
	}
}

func TestImageHoldsNothingOfTheMachineItIsBuiltOn(t *testing.T) {
	ignored := readDockerignore(t)
	for _, private := range []string{".git/config", ".env", "data/morgenkreis.db", "data/demo/vapid.json",
		"secrets/smtp_password", "bin/morgenkreis", "web/node_modules/x/index.js", "web/embedded/app/index.html", "web/.svelte-kit/x"} {
		if !ignored.hides(private) {
			t.Errorf("%s would go into the image", private)
		}
	}
}

// step is one instruction of a Dockerfile.
type step struct {
	name, args string
	flags      map[string]string
}

// copies is what a COPY takes, and to where.
func (s step) copies() (sources []string, dst string) {
	words := strings.Fields(s.args)
	return words[:len(words)-1], words[len(words)-1]
}

type stage struct {
	base, name string
	steps      []step
}

// last is the argument of the last instruction of that name: the one that counts.
func (s stage) last(name string) (args string) {
	for _, step := range s.steps {
		if step.name == name {
			args = step.args
		}
	}
	return args
}

func (s stage) workdir() string { return s.last("WORKDIR") }

func (s stage) entrypoint(t *testing.T) string {
	t.Helper()
	var words []string
	if line := s.last("ENTRYPOINT"); line == "" {
		return ""
	} else if err := json.Unmarshal([]byte(line), &words); err != nil || len(words) != 1 {
		t.Fatalf("ENTRYPOINT %s is not a list of one", line)
	}
	return words[0]
}

// readDockerfile reads the part of the language that ours uses.
func readDockerfile(t *testing.T) (stages []stage) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(text), "")
	whole = strings.ReplaceAll(whole, "\\\n", "")
	for _, line := range strings.Split(whole, "\n") {
		name, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		s := step{name: name, args: strings.TrimSpace(args), flags: map[string]string{}}
		for s.name == "COPY" && strings.HasPrefix(s.args, "--") {
			var option string
			option, s.args, _ = strings.Cut(s.args, " ")
			key, value, _ := strings.Cut(option[2:], "=")
			s.flags[key] = value
		}
		switch {
		case name == "":
		case name == "FROM":
			words := strings.Fields(args)
			if len(words) != 3 || words[1] != "AS" {
				t.Fatalf("FROM %s has no name", args)
			}
			stages = append(stages, stage{base: words[0], name: words[2]})
		case len(stages) == 0:
			t.Fatalf("%s stands before the first FROM", line)
		default:
			last := &stages[len(stages)-1]
			last.steps = append(last.steps, s)
		}
	}
	if len(stages) < 2 {
		t.Fatalf("%d stages", len(stages))
	}
	return stages
}

// dockerignore is a list of files and folders, without patterns.
type dockerignore []string

func readDockerignore(t *testing.T) (list dockerignore) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if strings.ContainsAny(line, "*?[!") {
			t.Fatalf(".dockerignore: %s is a pattern; this test does not know them yet", line)
		}
		list = append(list, path.Clean(line))
	}
	return list
}

func (d dockerignore) hides(name string) bool {
	return slices.ContainsFunc(d, func(line string) bool { return name == line || strings.HasPrefix(name, line+"/") })
}

// copyTree copies src below top, as COPY does, and counts the files. Files that vanish meanwhile
// (other tests work in the same tree) are not missed.
func copyTree(t *testing.T, top string, ignored dockerignore, src, dst string, intoFolder bool) (files int) {
	t.Helper()
	from := filepath.Join(top, src)
	if info, err := os.Stat(from); err == nil && !info.IsDir() && (intoFolder || isFolder(dst)) {
		dst = filepath.Join(dst, filepath.Base(src))
	}
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		name, err := filepath.Rel(top, file)
		if err != nil {
			return err
		}
		if ignored.hides(name) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		below, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		target := filepath.Join(dst, below)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		files++
		return errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, content, 0o644))
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
