package main

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/net/idna"

	"morgenkreis/kita"
)

func truth(v string) (bool, error) {
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", v)
	}
	return b, nil
}

func oneOf(v string, words ...string) (string, error) {
	if !slices.Contains(words, v) {
		return "", fmt.Errorf("%q is none of %s", v, strings.Join(words, ", "))
	}
	return v, nil
}

func port(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%q is not a port from 1 to 65535", v)
	}
	return n, nil
}

func duration(v string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < least || d > 10*time.Minute {
		return 0, fmt.Errorf("%q is not a duration from %v to 10m", v, least)
	}
	return d, nil
}

// listenAddress checks host:port. Port 0 is left to the system to choose.
func listenAddress(v string) (string, error) {
	host, p, err := net.SplitHostPort(v)
	if err != nil {
		return "", fmt.Errorf("%q is not address:port", v)
	}
	if p != "0" {
		if _, err := port(p); err != nil {
			return "", err
		}
	}
	if host != "" {
		if _, err := hostname(host); err != nil {
			return "", err
		}
	}
	return v, nil
}

// hostname is v as the network writes it: an IP address, or a name in lower case, umlauts as xn--….
func hostname(v string) (string, error) {
	if ip, err := netip.ParseAddr(v); err == nil {
		return ip.String(), nil
	}
	name, err := idna.Lookup.ToASCII(v)
	if err != nil || slices.Contains(strings.Split(name, "."), "") || len(name) > 253 {
		return "", fmt.Errorf("%q is not the name of a host", v)
	}
	return name, nil
}

// origin reads scheme://host[:port] and writes it the way browsers do (RFC 6454, section 6.2).
func origin(v string) (*url.URL, error) {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an address that starts with https://", v)
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(v, "?#") {
		return nil, fmt.Errorf("%q has more than a host: it must stand at the top, without a path, a query or a password", v)
	}
	host, err := hostname(u.Hostname())
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !kita.IsLoopbackHost(host) {
		return nil, fmt.Errorf("%q is not https, and without it no browser offers web push", v)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := u.Port(); p != "" && p != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		if _, err := port(p); err != nil {
			return nil, err
		}
		host += ":" + p
	}
	return &url.URL{Scheme: u.Scheme, Host: host}, nil
}

// network reads 10.0.0.0/8, or a single address.
func network(v string) (*net.IPNet, error) {
	cidr := v
	if ip, err := netip.ParseAddr(v); err == nil {
		cidr = v + "/" + strconv.Itoa(ip.BitLen())
	}
	_, n, err := net.ParseCIDR(cidr)
	if err != nil {
		return nil, fmt.Errorf("%q is not a network like 10.0.0.0/8 or an IP address", v)
	}
	if ones, _ := n.Mask.Size(); ones == 0 {
		return nil, fmt.Errorf("%q is everybody: then anyone could claim any address and get around the sign-in limits", v)
	}
	return n, nil
}

// pushHost brings a name, or *. and a name, to the spelling that the endpoint guard compares.
func pushHost(v string) (string, error) {
	name, all := strings.CutPrefix(v, "*.")
	host, err := hostname(name)
	if err != nil {
		return "", err
	}
	if all {
		host = "*." + host
	}
	if err := (kita.EndpointHosts{Extra: []string{host}}).Validate(); err != nil {
		return "", fmt.Errorf("%q is not the full name of a host", v)
	}
	return host, nil
}

// subject checks a VAPID subject: push services answer 403 to one that can not be a contact.
func subject(v string) (string, error) {
	bad := fmt.Errorf("%q is neither mailto: with an e-mail address nor https: with a public host", v)
	u, err := url.Parse(v)
	if err != nil || strings.ContainsAny(v, "?#") {
		return "", bad
	}
	host := u.Hostname()
	switch u.Scheme {
	case "mailto":
		a, err := mail.ParseAddress(u.Opaque)
		if err != nil || a.Address != u.Opaque {
			return "", bad
		}
		host = u.Opaque[strings.LastIndex(u.Opaque, "@")+1:]
	case "https":
		if u.User != nil {
			return "", bad
		}
	default:
		return "", bad
	}
	if _, err := pushHost(host); err != nil || strings.HasPrefix(host, "*") {
		return "", bad
	}
	return v, nil
}

func mailbox(v string) (string, error) {
	if _, err := mail.ParseAddress(v); err != nil {
		return "", fmt.Errorf("%q is not an e-mail address", v)
	}
	return v, nil
}

// checkPostgres reads v as the driver will. The driver's own words are not passed on: they can quote the password.
func checkPostgres(v string) error {
	if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
		return errors.New("does not start with postgres://; leave it out for SQLite in the data folder")
	}
	if _, err := pgconn.ParseConfig(v); err != nil {
		return errors.New("is not an address PostgreSQL understands (write / @ : # % in the password as %2F %40 %3A %23 %25, and look at files it names)")
	}
	return nil
}

// describePostgres tells where the database is, built from its harmless parts only.
func describePostgres(database Secret) string {
	if database == "" {
		return ""
	}
	pg, err := pgconn.ParseConfig(database.Reveal())
	if err != nil {
		return database.String()
	}
	hosts := []string{net.JoinHostPort(pg.Host, strconv.Itoa(int(pg.Port)))}
	for _, f := range pg.Fallbacks {
		if h := net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port))); !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	return "postgres://" + pg.User + "@" + strings.Join(hosts, ",") + "/" + pg.Database
}

// eachOf reads a list with commas between, and spaces where they help the eye.
func eachOf[T any](v string, parse func(string) (T, error)) ([]T, error) {
	var all []T
	for _, part := range strings.Split(v, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		one, err := parse(part)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func joined[T any](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ",")
}
