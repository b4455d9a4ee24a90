package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/proxy"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
)

// A node's kubelet has a certificate of its own; kube-apiserver does not check it either unless told to.
var toNodes = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}

func init() {
	utilruntime.Must(scheme.AddConversionFunc((*url.Values)(nil), (*corev1.PodProxyOptions)(nil), func(from, to any, _ conversion.Scope) error {
		to.(*corev1.PodProxyOptions).Path = (*from.(*url.Values)).Get("path")
		return nil
	}))
}

// passage passes requests for a subresource on: those for a pod to its node, those for a service to its pods.
type passage struct {
	find     func(ctx context.Context, id, path string) (*url.URL, error)
	upgrades bool
}

var _ rest.Connecter = passage{}

func (passage) New() runtime.Object { return &corev1.PodProxyOptions{} }
func (passage) Destroy()            {}
func (passage) ConnectMethods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}
}
func (passage) NewConnectOptions() (runtime.Object, bool, string) {
	return &corev1.PodProxyOptions{}, true, "path"
}

func (p passage) Connect(ctx context.Context, id string, options runtime.Object, responder rest.Responder) (http.Handler, error) {
	target, err := p.find(ctx, id, options.(*corev1.PodProxyOptions).Path)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		location := *target
		if strings.Contains(location.Path, "/containerLogs/") {
			location.Path += request.URL.Query().Get("container")
		}
		proxy.NewUpgradeAwareHandler(&location, toNodes, false, p.upgrades, proxy.NewErrorResponder(responder)).ServeHTTP(response, request)
	}), nil
}

// passages makes the subresources of pods and services that lead elsewhere.
func passages(resources map[string]rest.Storage) map[string]rest.Storage {
	get := func(plural string) rest.Getter { return resources[plural].(rest.Getter) }
	toKubelet := func(endpoint string) func(context.Context, string, string) (*url.URL, error) {
		return func(ctx context.Context, name, _ string) (*url.URL, error) {
			found, err := get("pods").Get(ctx, name, &metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			pod := found.(*corev1.Pod)
			if pod.Spec.NodeName == "" {
				return nil, apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", name))
			}
			node, err := get("nodes").Get(ctx, pod.Spec.NodeName, &metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			status := node.(*corev1.Node).Status
			host := net.JoinHostPort(status.Addresses[0].Address, strconv.Itoa(int(status.DaemonEndpoints.KubeletEndpoint.Port)))
			return &url.URL{Scheme: "https", Host: host, Path: fmt.Sprintf("/%s/%s/%s/", endpoint, pod.Namespace, pod.Name)}, nil
		}
	}
	toEndpoint := func(ctx context.Context, id, path string) (*url.URL, error) {
		parts := strings.Split(id, ":")
		if len(parts) == 3 {
			parts = parts[1:]
		}
		found, err := get("endpoints").Get(ctx, parts[0], &metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for _, subset := range found.(*corev1.Endpoints).Subsets {
			for _, port := range subset.Ports {
				if len(subset.Addresses) > 0 && (len(subset.Ports) == 1 || len(parts) == 1 || parts[1] == port.Name) {
					return &url.URL{Scheme: "http", Host: net.JoinHostPort(subset.Addresses[0].IP, strconv.Itoa(int(port.Port))), Path: path}, nil
				}
			}
		}
		return nil, apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", id))
	}
	return map[string]rest.Storage{
		"pods/log":         passage{find: toKubelet("containerLogs")},
		"pods/portforward": passage{find: toKubelet("portForward"), upgrades: true},
		"services/proxy":   passage{find: toEndpoint},
	}
}
