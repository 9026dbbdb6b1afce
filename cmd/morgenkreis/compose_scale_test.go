package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

const scaleFile = "docker-compose.scale.yml"

var scaleEnv = []string{"MORGENKREIS_DOMAIN=kita.example", "POSTGRES_PASSWORD=hunter2", "FILES_SECRET_KEY=hunter3"}

func scaled(t *testing.T) *types.Project {
	t.Helper()
	project, err := composeFile(t, scaleFile, scaleEnv...)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestScaledComposeNamesWhatIsMissing(t *testing.T) {
	for i, missing := range scaleEnv {
		name, _, _ := strings.Cut(missing, "=")
		_, err := composeFile(t, scaleFile, slices.Delete(slices.Clone(scaleEnv), i, i+1)...)
		if err == nil || !strings.Contains(err.Error(), "write "+name+"=") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestScaledServicesHaveNoRightsTheyDoNotNeed(t *testing.T) {
	project := scaled(t)
	if names := project.ServiceNames(); !slices.Equal(names, []string{"caddy", "files", "node1", "node2", "postgres"}) {
		t.Errorf("services: %q", names)
	}
	hasNoRightsItDoesNotNeed(t, project)
	for name, s := range project.Services {
		if name != "caddy" && len(s.Ports) > 0 {
			t.Errorf("%s can be reached past Caddy: %v", name, s.Ports)
		}
	}
	for service, on := range map[string][]string{"caddy": {"node1", "node2"}, "node1": {"postgres", "files"}, "node2": {"postgres", "files"}} {
		for _, other := range on {
			if c := project.Services[service].DependsOn[other].Condition; c != types.ServiceConditionHealthy {
				t.Errorf("%s starts when %s is %q", service, other, c)
			}
		}
	}
}

func scaledConfig(t *testing.T, s types.ServiceConfig) Config {
	t.Helper()
	known := map[string]bool{}
	for _, setting := range settings {
		known[setting.env()], known[setting.env()+"_FILE"] = true, true
	}
	for name := range s.Environment {
		if !known[name] {
			t.Errorf("the server does not know %s", name)
		}
	}
	c, _, err := LoadConfig(s.Command, func(name string) string {
		if v := s.Environment[name]; v != nil {
			return *v
		}
		return ""
	}, func(string) ([]byte, error) { return nil, errors.New("no secret is a file here") })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestScaledNodesAcceptTheirSettingsAndAreAlike(t *testing.T) {
	project := scaled(t)
	for _, name := range []string{"node1", "node2"} {
		s := project.Services[name]
		c := scaledConfig(t, s)
		if c.BaseURL.String() != "https://kita.example" || c.Files.Bucket != "attachments" || c.FilesSecret.Reveal() != "hunter3" || c.LogFormat != "json" {
			t.Errorf("%s: %+v", name, c)
		}
		if want := "postgres://morgenkreis:hunter2@postgres:5432/morgenkreis?sslmode=disable"; c.Database.Reveal() != want {
			t.Errorf("%s: the database is %s", name, c.Database.Reveal())
		}
		if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < c.DrainTime+c.ShutdownTimeout+5*time.Second {
			t.Errorf("stop_grace_period %v is too short for a stop of %v and %v", s.StopGracePeriod, c.DrainTime, c.ShutdownTimeout)
		}
		// Nothing that one node alone has: neither would find what the other was given.
		if len(s.Volumes) > 0 || !slices.ContainsFunc(s.Tmpfs, func(m string) bool { return strings.HasPrefix(m, c.Data+":") }) {
			t.Errorf("%s keeps something for itself: %v %v", name, s.Volumes, s.Tmpfs)
		}
	}
	if one, two := project.Services["node1"], project.Services["node2"]; len(one.Environment) != len(two.Environment) || one.Build.Target != two.Build.Target {
		t.Error("the nodes differ")
	}
}

func TestScaledDeployFilesFitTogether(t *testing.T) {
	project := scaled(t)
	stages := map[string]stage{}
	for _, s := range readDockerfile(t) {
		stages[s.name] = s
	}
	for name, s := range project.Services {
		if s.Build == nil {
			if name != "postgres" || s.Image == "" {
				t.Errorf("%s is not built here", name)
			}
			continue
		}
		image, ok := stages[s.Build.Target]
		if !ok {
			t.Fatalf("%s: the Dockerfile has no stage %q", name, s.Build.Target)
		}
		if user := image.last("USER"); user != s.User {
			t.Errorf("%s: the image belongs to %s, the service runs as %s", name, user, s.User)
		}
		for _, v := range s.Volumes {
			if !slices.ContainsFunc(image.steps, func(st step) bool {
				at := st.args[strings.LastIndex(st.args, " ")+1:]
				return st.name == "COPY" && (at == v.Target || strings.HasPrefix(at, v.Target+"/")) && st.flags["chown"] == s.User
			}) {
				t.Errorf("%s: a fresh volume at %s would not belong to %s", name, v.Target, s.User)
			}
		}
		for _, p := range s.Ports {
			if !slices.Contains(strings.Fields(image.last("EXPOSE")), strconv.Itoa(int(p.Target))) {
				t.Errorf("%s: the image does not expose %d", name, p.Target)
			}
		}
	}

	// The S3 server is the one that the tests run against, with the arguments that they give it.
	text := func(path ...string) string {
		raw, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	tested := text("store", "files", "s3test", "gateway.go")
	release := regexp.MustCompile(`release = "(v[^"]+)"`).FindStringSubmatch(tested)
	if release == nil || !strings.Contains(stages["gateway"].last("RUN"), "versitygw@"+release[1]) {
		t.Errorf("the tests know %v, the image has another: %s", release, stages["gateway"].last("RUN"))
	}
	files := scaledConfig(t, project.Services["node1"]).Files
	if files.Endpoint != "http://files:"+stages["files"].last("EXPOSE") {
		t.Errorf("the nodes look for the bucket at %s", files.Endpoint)
	}
	if !slices.ContainsFunc(stages["gateway"].steps, func(st step) bool {
		return st.name == "RUN" && strings.Contains(st.args, "out/objects/"+files.Bucket+" ")
	}) {
		t.Errorf("nobody makes the bucket %s", files.Bucket)
	}

	caddyfile := text("docs", "Caddyfile.scale")
	c := scaledConfig(t, project.Services["node1"])
	for _, says := range []string{
		"http_port 8080\n", "https_port 8443\n", "\n{$MORGENKREIS_DOMAIN} {\n", "reverse_proxy node1" + c.Listen + " node2" + c.Listen + " {",
		"health_uri /readyz\n", "flush_interval -1",
	} {
		if !strings.Contains(caddyfile, says) {
			t.Errorf("docs/Caddyfile.scale does not say %q", says)
		}
	}
	// A node must go on answering until Caddy has noticed.
	notices := time.Duration(0)
	for _, option := range []string{"health_interval", "health_timeout"} {
		found := regexp.MustCompile(option + ` (\S+)`).FindStringSubmatch(caddyfile)
		if found == nil {
			t.Fatalf("no %s", option)
		}
		d, err := time.ParseDuration(found[1])
		if err != nil {
			t.Fatal(err)
		}
		notices += d
	}
	if notices*3/2 > c.DrainTime {
		t.Errorf("Caddy may notice after %v, and the node closes after %v", notices, c.DrainTime)
	}
}
