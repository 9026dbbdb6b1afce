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

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// compose reads docker-compose.yml with the library behind `docker compose config`.
func compose(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	return composeFile(t, "docker-compose.yml", env...)
}

func composeFile(t *testing.T, name string, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, name)}, cli.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

func composed(t *testing.T) *types.Project {
	t.Helper()
	project, err := compose(t, "MORGENKREIS_DOMAIN=kita.example")
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeNeedsADomainAndSaysSo(t *testing.T) {
	for _, env := range [][]string{nil, {"MORGENKREIS_DOMAIN="}} {
		_, err := compose(t, env...)
		if err == nil || !strings.Contains(err.Error(), "write MORGENKREIS_DOMAIN=") {
			t.Errorf("%q: %v", env, err)
		}
	}
}

func TestComposedServicesHaveNoRightsTheyDoNotNeed(t *testing.T) {
	project := composed(t)
	if names := project.ServiceNames(); !slices.Equal(names, []string{"caddy", "server"}) {
		t.Errorf("services: %q", names)
	}
	hasNoRightsItDoesNotNeed(t, project)
	if ports := project.Services["server"].Ports; len(ports) > 0 {
		t.Errorf("the server can be reached past Caddy: %v", ports)
	}
	if c := project.Services["caddy"].DependsOn["server"].Condition; c != types.ServiceConditionHealthy {
		t.Errorf("Caddy starts when the server is %q", c)
	}
}

// hasNoRightsItDoesNotNeed looks at each service.
func hasNoRightsItDoesNotNeed(t *testing.T, project *types.Project) {
	t.Helper()
	for name, s := range project.Services {
		if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(s.User) {
			t.Errorf("%s runs as %q", name, s.User)
		}
		if !s.ReadOnly {
			t.Errorf("%s may write to its root file system", name)
		}
		if !slices.Equal(s.CapDrop, []string{"ALL"}) || s.Privileged {
			t.Errorf("%s keeps capabilities: drops %q", name, s.CapDrop)
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may gain privileges", name)
		}
		if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2 || s.HealthCheck.Interval == nil || s.HealthCheck.Timeout == nil {
			t.Errorf("%s has no health check", name)
		}
		if s.Restart != "unless-stopped" {
			t.Errorf("%s: restart %q", name, s.Restart)
		}
		if !slices.ContainsFunc(s.Tmpfs, func(m string) bool { return strings.HasPrefix(m, "/tmp:") }) {
			t.Errorf("%s has no /tmp to write to", name)
		}
		for _, volume := range s.Volumes {
			if volume.Type != types.VolumeTypeVolume {
				t.Errorf("%s mounts %s of the host", name, volume.Source)
			}
		}
	}
}

// composedConfig is what the server makes of what a service gives it.
func composedConfig(t *testing.T, s types.ServiceConfig, file func(string) ([]byte, error)) (Config, error) {
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
	}, file)
	return c, err
}

func TestComposedServerAcceptsItsSettings(t *testing.T) {
	with := []string{
		"MORGENKREIS_DOMAIN=kita.example", "MORGENKREIS_SMTP_HOST=mail.example", "MORGENKREIS_SMTP_FROM=a@kita.example",
		"MORGENKREIS_SMTP_USER=u", "MORGENKREIS_SMTP_PASSWORD_FILE=secrets/smtp_password",
		"MORGENKREIS_DATABASE=postgres://u@db/kita", "MORGENKREIS_FILES=s3://kita-files?region=eu-1", "MORGENKREIS_FILES_ACCESS_KEY=k", "MORGENKREIS_FILES_SECRET_KEY_FILE=secrets/files_secret_key",
	}
	for _, tc := range []struct {
		env      []string
		password string
	}{
		{with[:1], ""},
		{with, "hunter2"},
	} {
		project, err := compose(t, tc.env...)
		if err != nil {
			t.Fatal(err)
		}
		server := project.Services["server"]
		secrets := map[string]string{}
		for _, s := range server.Secrets {
			secrets["/run/secrets/"+s.Source] = project.Secrets[s.Source].File
		}
		c, err := composedConfig(t, server, func(file string) ([]byte, error) {
			host, ok := secrets[file]
			if !ok {
				return nil, errors.New("no such secret")
			}
			if host == "/dev/null" {
				return nil, nil
			}
			if want := filepath.Join(project.WorkingDir, "secrets", filepath.Base(file)); host != want {
				return nil, errors.New("taken from " + host + " instead of " + want)
			}
			return []byte(tc.password), nil
		})
		if err != nil {
			t.Errorf("%q: %v", tc.env, err)
			continue
		}
		if c.BaseURL.String() != "https://kita.example" || c.SMTP.Password.Reveal() != tc.password || c.FilesSecret.Reveal() != tc.password || c.LogFormat != "json" {
			t.Errorf("%q: %+v", tc.env, c)
		}
		if !slices.ContainsFunc(server.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == c.Data }) {
			t.Errorf("%s is not on a volume", c.Data)
		}
		if server.StopGracePeriod == nil || time.Duration(*server.StopGracePeriod) < c.DrainTime+c.ShutdownTimeout+5*time.Second {
			t.Errorf("stop_grace_period %v is too short for a stop of %v and %v", server.StopGracePeriod, c.DrainTime, c.ShutdownTimeout)
		}
	}
}

// fitsItsImages holds the services to the stages of the Dockerfile that they are built from, but for those whose image is taken as it is.
func fitsItsImages(t *testing.T, project *types.Project, taken ...string) map[string]stage {
	t.Helper()
	stages := map[string]stage{}
	for _, s := range readDockerfile(t) {
		stages[s.name] = s
	}
	for name, s := range project.Services {
		if slices.Contains(taken, name) != (s.Build == nil) {
			t.Fatalf("%s is built here: %v", name, s.Build != nil)
		}
		if s.Build == nil {
			if s.Image == "" {
				t.Errorf("%s has no image", name)
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
	return stages
}

// Dockerfile, docker-compose.yml and Caddyfile name each other's ports, stages and users.
func TestDeployFilesFitTogether(t *testing.T) {
	project := composed(t)
	stages := fitsItsImages(t, project)
	server := stages["server"]
	if check := project.Services["server"].HealthCheck.Test; !slices.Equal(check, []string{"CMD", server.entrypoint(t), "health"}) {
		t.Errorf("the health check of the service is %q", check)
	}
	caddyFits(t, project, stages, "docs/Caddyfile", "reverse_proxy server"+*project.Services["server"].Environment["MORGENKREIS_LISTEN"]+" {")
}

// caddyFits holds Caddy's file to the ports that are published, and to what else it has to say.
func caddyFits(t *testing.T, project *types.Project, stages map[string]stage, name string, also ...string) {
	t.Helper()
	if !slices.ContainsFunc(stages[project.Services["caddy"].Build.Target].steps, func(st step) bool { return st.name == "COPY" && st.args == name+" /etc/caddy/Caddyfile" }) {
		t.Errorf("the image of Caddy is without %s", name)
	}
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	published := map[string]string{}
	for _, p := range project.Services["caddy"].Ports {
		published[p.Published] = strconv.Itoa(int(p.Target))
	}
	for _, says := range append(also, "http_port "+published["80"]+"\n", "https_port "+published["443"]+"\n", "\n{$MORGENKREIS_DOMAIN} {\n", "flush_interval -1") {
		if !strings.Contains(string(text), says) {
			t.Errorf("%s does not say %q", name, says)
		}
	}
}
