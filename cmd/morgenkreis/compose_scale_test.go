package main

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
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
	c, err := composedConfig(t, s, func(string) ([]byte, error) { return nil, errors.New("no secret is a file here") })
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
	one, two := project.Services["node1"], project.Services["node2"]
	if two.Name = one.Name; !reflect.DeepEqual(one, two) {
		t.Errorf("the nodes differ:\n%+v\n%+v", one, two)
	}

	// What the nodes knock with is what is asked for at the doors.
	c := scaledConfig(t, one)
	database, err := url.Parse(c.Database.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := database.User.Password()
	for service, want := range map[string]map[string]string{
		"postgres": {"POSTGRES_PASSWORD": password},
		"files":    {"ROOT_ACCESS_KEY": c.FilesKey, "ROOT_SECRET_KEY": c.FilesSecret.Reveal()},
	} {
		for name, value := range want {
			if got := project.Services[service].Environment[name]; got == nil || *got != value {
				t.Errorf("%s: %s is not what the nodes come with", service, name)
			}
		}
	}
}

// scaledPostgres is a real PostgreSQL, made as its image makes one of the file: its addresses for the superuser and for the nodes.
func scaledPostgres(t *testing.T, project *types.Project) (superuser, node string) {
	t.Helper()
	service := project.Services["postgres"]
	if len(service.Configs) != 1 || !strings.HasPrefix(service.Configs[0].Target, "/docker-entrypoint-initdb.d/") {
		t.Fatalf("the image is told nothing: %+v", service.Configs)
	}
	for _, name := range []string{"POSTGRES_USER", "POSTGRES_DB"} {
		if service.Environment[name] != nil {
			t.Errorf("with %s the image would make the nodes' user its superuser", name)
		}
	}
	nodes, err := url.Parse(scaledConfig(t, project.Services["node1"]).Database.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	address, err := storetest.NewServer(t).NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	at.Path = "/postgres"
	superuser = at.String()
	// As docker_process_sql of the image does.
	asked := exec.Command("psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--no-password", "--dbname", superuser, "-f", project.Configs[service.Configs[0].Source].File)
	asked.Env = append(os.Environ(), "POSTGRES_PASSWORD="+*service.Environment["POSTGRES_PASSWORD"])
	if said, err := asked.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	query := at.Query()
	query.Set("user", nodes.User.Username())
	at.Path, at.RawQuery = nodes.Path, query.Encode()
	return superuser, at.String()
}

// holds tells whether the answer of the database at address to question is yes.
func holds(t *testing.T, address, question string) (yes bool) {
	t.Helper()
	db, err := sqlx.ConnectContext(t.Context(), "pgx", address)
	if err == nil {
		err = errors.Join(db.GetContext(t.Context(), &yes, question), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return yes
}

func TestScaledNodesAreNoSuperusers(t *testing.T) {
	superuser, node := scaledPostgres(t, scaled(t))
	storetest.Open(t, store.Options{URL: node})
	if !holds(t, node, "select exists (select 1 from pg_policies)") {
		t.Error("a node does not make row-level security stand")
	}
	if holds(t, node, "select rolsuper or rolbypassrls or rolreplication or rolcreatedb or rolcreaterole from pg_roles where rolname = current_user") {
		t.Error("the nodes' user may more than it needs")
	}
	if holds(t, superuser, "select rolpassword is not null from pg_authid where rolname = 'postgres'") {
		t.Error("the superuser can come from elsewhere")
	}
	if !holds(t, superuser, "select rolpassword is not null from pg_authid where rolname = 'morgenkreis'") {
		t.Error("the nodes' user has no password")
	}
}

// TestScaledDatabaseIsRestored does what docs/nodes.md says of a backup, but for the containers.
func TestScaledDatabaseIsRestored(t *testing.T) {
	ctx, project := t.Context(), scaled(t)
	oldSuperuser, old := scaledPostgres(t, project)
	s := storetest.Open(t, store.Options{URL: old})
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	lead := k.Leader("Lea")
	k.Group("Bären").Child("Mia").Guardian("Mama")
	w.Live()
	n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "Ausflug", Language: "de", AudienceKind: kita.AudienceKita}
	if _, _, err := s.CreateNotice(ctx, w.Viewer(*lead.AccountID), n); err != nil {
		t.Fatal(err)
	}

	in := func(superuser string) string { return strings.Replace(superuser, "/postgres?", "/morgenkreis?", 1) }
	dump := filepath.Join(t.TempDir(), "dump")
	superuser, node := scaledPostgres(t, project)
	for _, command := range [][]string{
		{"pg_dump", "--format=custom", "--file=" + dump, in(oldSuperuser)},
		{"pg_restore", "--exit-on-error", "--dbname=" + in(superuser), dump},
	} {
		if said, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", command, err, said)
		}
	}
	restored := storetest.Open(t, store.Options{URL: node})
	if _, err := restored.NoticePosted(ctx, w.Viewer(*lead.AccountID), n.ID); err != nil {
		t.Errorf("its author finds the notice no more: %v", err)
	}
	if !holds(t, node, "select exists (select 1 from pg_policies) and has_table_privilege('morgenkreis_public_viewer', 'notices', 'select')") {
		t.Error("row-level security does not stand")
	}
}

func TestScaledDeployFilesFitTogether(t *testing.T) {
	project := scaled(t)
	stages := fitsItsImages(t, project, "postgres")

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
	for _, folder := range regexp.MustCompile(`/files/\w+`).FindAllString(stages["files"].last("CMD"), -1) {
		if !slices.ContainsFunc(stages["files"].steps, func(st step) bool {
			return st.name == "COPY" && strings.HasSuffix(st.args, " "+folder) && st.flags["chown"] == project.Services["files"].User
		}) {
			t.Errorf("the S3 server may not write to %s", folder)
		}
	}
	if !slices.ContainsFunc(stages["gateway"].steps, func(st step) bool {
		return st.name == "RUN" && strings.Contains(st.args, "out/objects/"+files.Bucket+" ")
	}) {
		t.Errorf("nobody makes the bucket %s", files.Bucket)
	}

	caddyfile := text("docs", "Caddyfile.scale")
	c := scaledConfig(t, project.Services["node1"])
	caddyFits(t, project, stages, "docs/Caddyfile.scale", "reverse_proxy node1"+c.Listen+" node2"+c.Listen+" {", "health_uri /readyz\n")
	for name, check := range map[string][]string{
		"node1":    {stages["server"].entrypoint(t), "health"},
		"postgres": {"pg_isready", "-q", "-h", "127.0.0.1", "-U", "morgenkreis"},
		"files":    {"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:" + stages["files"].last("EXPOSE") + "/health"},
		"caddy":    {"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8081/"},
	} {
		if got := project.Services[name].HealthCheck.Test; !slices.Equal(got, append([]string{"CMD"}, check...)) {
			t.Errorf("%s: the health check is %q", name, got)
		}
	}
	if !strings.Contains(caddyfile, "\nhttp://:8081 {\n") || !strings.Contains(stages["files"].last("CMD"), `"--health", "/health"`) {
		t.Error("nobody answers a health check")
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
