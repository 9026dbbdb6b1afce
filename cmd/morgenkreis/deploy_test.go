package main

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"io/fs"
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

// The machine that tests has no container engine and may not reach the registry of the base images. So the build
// stage is carried out here, step by step: the base image is this machine (Go, gcc, the C library), WORKDIR is an
// empty folder, COPY takes from the tree what .dockerignore leaves, RUN runs. What the other stages take must then
// be there.
func TestDockerfileBuildsAStaticBinary(t *testing.T) {
	stages := readDockerfile(t)
	ignored := readDockerignore(t)
	build := stages[0]
	work, built := t.TempDir(), build.workdir()
	if built == "" {
		t.Fatal("the build stage has no WORKDIR")
	}
	inWork := func(dst string) string {
		if path.IsAbs(dst) {
			rest, ok := strings.CutPrefix(path.Clean(dst)+"/", built+"/")
			if !ok {
				t.Fatalf("the build stage copies to %s, outside of %s", dst, built)
			}
			dst = rest
		}
		return filepath.Join(work, dst)
	}

	env := os.Environ()
	var output strings.Builder
	for _, step := range build.steps {
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
				if copyTree(t, ignored, src, inWork(dst), strings.HasSuffix(dst, "/")) == 0 {
					t.Fatalf("COPY %s: no such file, or .dockerignore hides it", src)
				}
			}
		case "RUN":
			command := exec.Command("/bin/sh", "-c", step.args)
			command.Dir, command.Env = work, env
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("RUN %s: %v\n%s", step.args, err, out)
			}
			output.Write(out)
		default:
			t.Fatalf("the build stage has a %s; this test does not know it yet", step.name)
		}
	}
	if strings.Contains(output.String(), "warning:") {
		t.Errorf("the linker warns of what a static binary can not do:\n%s", &output)
	}

	binary := ""
	for _, stage := range stages[1:] {
		for _, step := range stage.steps {
			if step.name != "COPY" {
				continue
			}
			sources, dst := step.copies()
			for _, src := range sources {
				switch {
				case step.flags["from"] == "":
					if copyTree(t, ignored, src, t.TempDir(), false) == 0 {
						t.Errorf("COPY %s: no such file, or .dockerignore hides it", src)
					}
				case step.flags["from"] != build.name:
					t.Errorf("COPY --from=%s: no such stage before", step.flags["from"])
				case src == "/etc/ssl/certs/ca-certificates.crt": // comes with the base image
				default:
					if _, err := os.Stat(inWork(src)); err != nil {
						t.Errorf("COPY --from=%s %s: %v", build.name, src, err)
					}
					if dst == stage.entrypoint(t) {
						binary = inWork(src)
					}
				}
			}
		}
	}
	if binary == "" {
		t.Fatal("the entry point is not among what the build stage made")
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
}

func TestDockerfileBuildsWithTheVersionOfGoMod(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(mod))
	if base := readDockerfile(t)[0].base; version == nil || base != "golang:"+version[1]+"-bookworm" {
		t.Errorf("go.mod says %q, the build stage starts from %s", version, base)
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
		"secrets/smtp_password", "bin/morgenkreis", "web/node_modules/x/index.js"} {
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

// copyTree copies src of the project, as COPY does, and counts the files. Files that vanish meanwhile
// (other tests work in the same tree) are not missed.
func copyTree(t *testing.T, ignored dockerignore, src, dst string, intoFolder bool) (files int) {
	t.Helper()
	from := filepath.Join(root, src)
	if info, err := os.Stat(from); err == nil && !info.IsDir() && (intoFolder || isFolder(dst)) {
		dst = filepath.Join(dst, filepath.Base(src))
	}
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
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
		return os.WriteFile(target, content, 0o644)
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
