package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"morgenkreis/notify"
	"morgenkreis/store"
)

// metrics are what Prometheus reads: how much, how fast, what waits. No name, no text, no endpoint is a label.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	deliveries *prometheus.HistogramVec
}

func newMetrics(s *store.Store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "morgenkreis_request_seconds",
			Help: "Requests by route, method and status.", Buckets: prometheus.ExponentialBuckets(0.001, 3, 9)}, []string{"route", "method", "status"}),
		deliveries: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "morgenkreis_delivery_seconds",
			Help: "Tries to deliver, by channel, service and what became of them.", Buckets: prometheus.ExponentialBuckets(0.005, 3, 8)},
			[]string{"channel", "service", "outcome"}),
	}
	m.registry.MustRegister(m.requests, m.deliveries, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), queueCollector{s})
	return m
}

func (m *metrics) request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) delivery(channel, service, outcome string, took time.Duration) {
	m.deliveries.WithLabelValues(channel, service, outcome).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

var (
	queueDepth    = prometheus.NewDesc("morgenkreis_queue_depth", "Deliveries that are due and not yet sent.", []string{"channel"}, nil)
	queueAge      = prometheus.NewDesc("morgenkreis_queue_age_seconds", "How long the oldest due delivery has waited.", nil, nil)
	jobsDue       = prometheus.NewDesc("morgenkreis_jobs_due", "Jobs that are due and not yet done.", nil, nil)
	jobsStuck     = prometheus.NewDesc("morgenkreis_jobs_stuck", "Jobs that were tried three times in vain.", nil, nil)
	misconfigured = prometheus.NewDesc("morgenkreis_pushes_refused", "Pushes refused for our own fault in the last day.", nil, nil)
	subscriptions = prometheus.NewDesc("morgenkreis_subscriptions", "Devices that take pushes.", nil, nil)
)

var (
	laneLimit    = prometheus.NewDesc("morgenkreis_push_lane_limit", "Pushes that may be under way to a service at once, as it has shown that it takes them.", []string{"service"}, nil)
	laneUnderWay = prometheus.NewDesc("morgenkreis_push_lane_under_way", "Pushes under way to a service.", []string{"service"}, nil)
	lanePaused   = prometheus.NewDesc("morgenkreis_push_lane_paused", "1 while a service has asked for silence (Retry-After).", []string{"service"}, nil)
	lanePauses   = prometheus.NewDesc("morgenkreis_push_lane_pauses_total", "How often a service has asked for silence.", []string{"service"}, nil)
)

// laneCollector tells how fast each service is sent to, and why not faster.
type laneCollector struct{ lanes func() []notify.LaneState }

func (laneCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{laneLimit, laneUnderWay, lanePaused, lanePauses} {
		out <- d
	}
}

func (c laneCollector) Collect(out chan<- prometheus.Metric) {
	for _, l := range c.lanes() {
		paused := 0.0
		if l.Paused {
			paused = 1
		}
		out <- prometheus.MustNewConstMetric(laneLimit, prometheus.GaugeValue, float64(l.InFlight), l.Service)
		out <- prometheus.MustNewConstMetric(laneUnderWay, prometheus.GaugeValue, float64(l.UnderWay), l.Service)
		out <- prometheus.MustNewConstMetric(lanePaused, prometheus.GaugeValue, paused, l.Service)
		out <- prometheus.MustNewConstMetric(lanePauses, prometheus.CounterValue, float64(l.Pauses), l.Service)
	}
}

// queueCollector asks the database when it is asked itself.
type queueCollector struct{ store *store.Store }

func (c queueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queueDepth, queueAge, jobsDue, jobsStuck, misconfigured, subscriptions} {
		out <- d
	}
}

func (c queueCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	q, err := c.store.SystemQueue(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(queueDepth, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	age := 0.0
	if q.OldestDue != nil {
		age = c.store.Now().Sub(q.OldestDue.Time).Seconds()
	}
	gauge(queueDepth, float64(q.Pushes), "push")
	gauge(queueDepth, float64(q.Emails), "email")
	gauge(queueAge, age)
	gauge(jobsDue, float64(q.Jobs))
	gauge(jobsStuck, float64(q.StuckJobs))
	gauge(misconfigured, float64(q.Misconfigured))
	gauge(subscriptions, float64(q.Subscriptions))
}
