// Program apiserver serves the built-in kinds that Preheat applies, and custom resource definitions, from Kubernetes' own API
// machinery (k8s.io/apiserver, k8s.io/apiextensions-apiserver). It has no controllers, and of each kind's own checks and defaults,
// which live in kube-apiserver, nothing: only what is common to all kinds.
package main

import (
	"flag"
	"fmt"
	"maps"
	"net"
	"os"

	"go.opentelemetry.io/otel/trace/noop"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crds "k8s.io/apiextensions-apiserver/pkg/apiserver"
	crdscheme "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/scheme"
	crdoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	namer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"preheat/openapi"
)

type flags struct {
	etcd, tokens, clientCA, certificate, key string
	port                                     int
}

func main() {
	var given flags
	flag.StringVar(&given.etcd, "etcd", "", "address of etcd")
	flag.StringVar(&given.tokens, "tokens", "", "file of users: token,name,uid,\"group,…\"")
	flag.StringVar(&given.clientCA, "client-ca", "", "certificates that client certificates are signed by")
	flag.StringVar(&given.certificate, "certificate", "", "the server's certificate")
	flag.StringVar(&given.key, "key", "", "its key")
	flag.IntVar(&given.port, "port", 0, "port on 127.0.0.1")
	flag.Parse()
	if err := run(given); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(given flags) error {
	etcd := options.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", codecs.LegacyCodec(versions()...)))
	etcd.StorageConfig.Transport.ServerList = []string{given.etcd}
	config, err := configure(given, etcd)
	if err != nil {
		return err
	}
	definitions, err := customResources(*config, *etcd)
	if err != nil {
		return err
	}
	if err := etcd.ApplyTo(&config.Config); err != nil {
		return err
	}
	front, err := config.Complete().New("preheat-apiserver", definitions.GenericAPIServer)
	if err != nil {
		return err
	}
	if err := install(front, config); err != nil {
		return err
	}
	if err := front.AddPostStartHook("custom-groups", func(server.PostStartHookContext) error { return listGroups(front, definitions) }); err != nil {
		return err
	}
	prepared := front.PrepareRun()
	// One index of schemas for both, as kube-aggregator makes it.
	definitions.GenericAPIServer.OpenAPIV3VersionedService = front.OpenAPIV3VersionedService
	definitions.GenericAPIServer.OpenAPIVersionedService = front.OpenAPIVersionedService
	definitions.GenericAPIServer.StaticOpenAPISpec = front.StaticOpenAPISpec
	return prepared.RunWithContext(server.SetupSignalContext())
}

func configure(given flags, etcd *options.EtcdOptions) (*server.RecommendedConfig, error) {
	config := server.NewRecommendedConfig(codecs)
	config.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	config.FeatureGate = utilfeature.DefaultFeatureGate
	config.AggregatedDiscoveryGroupManager = aggregated.NewResourceManager("apis")
	serving := options.NewSecureServingOptions()
	serving.BindAddress, serving.BindPort = net.IPv4(127, 0, 0, 1), given.port
	serving.ServerCert.CertKey = options.CertKey{CertFile: given.certificate, KeyFile: given.key}
	if err := serving.WithLoopback().ApplyToConfig(&config.Config); err != nil {
		return nil, err
	}
	clients, err := dynamiccertificates.NewDynamicCAContentFromFile("client-ca", given.clientCA)
	if err != nil {
		return nil, err
	}
	if err := config.Authentication.ApplyClientCert(clients, config.SecureServing); err != nil {
		return nil, err
	}
	if config.Authentication.Authenticator, err = authentication(given.tokens, clients); err != nil {
		return nil, err
	}
	config.Authorization.Authorizer = authorizer.AuthorizerFunc(authorize)
	names := namer.NewDefinitionNamer(scheme, crds.Scheme, crdscheme.Scheme)
	config.OpenAPIConfig = server.DefaultOpenAPIConfig(openapi.GetOpenAPIDefinitions, names)
	config.OpenAPIV3Config = server.DefaultOpenAPIV3Config(openapi.GetOpenAPIDefinitions, names)
	client, err := kubernetes.NewForConfig(config.LoopbackClientConfig)
	if err != nil {
		return nil, err
	}
	anyKind, err := dynamic.NewForConfig(config.LoopbackClientConfig)
	if err != nil {
		return nil, err
	}
	config.SharedInformerFactory = informers.NewSharedInformerFactory(client, 0)
	// Of kube-apiserver's admission: what is in k8s.io/apiserver and needs no kind besides those served here.
	admission := options.NewAdmissionOptions()
	admission.DisablePlugins = []string{"MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"}
	return config, admission.ApplyTo(&config.Config, config.SharedInformerFactory, client, anyKind, utilfeature.DefaultFeatureGate, config.EffectiveVersion)
}

// customResources makes the server that every request goes on to whose path is none of the built-in ones.
func customResources(config server.RecommendedConfig, etcd options.EtcdOptions) (*crds.CustomResourceDefinitions, error) {
	config.PostStartHooks = map[string]server.PostStartHookConfigEntry{}
	etcd.StorageConfig.Codec = crds.Codecs.LegacyCodec(crdv1.SchemeGroupVersion)
	etcd.SkipHealthEndpoints = true
	if err := etcd.ApplyTo(&config.Config); err != nil {
		return nil, err
	}
	config.MergedResourceConfig = crds.DefaultAPIResourceConfigSource()
	own := &crds.Config{
		GenericConfig: &config,
		ExtraConfig: crds.ExtraConfig{
			CRDRESTOptionsGetter: crdoptions.NewCRDRESTOptionsGetter(etcd, config.ResourceTransformers, config.StorageObjectCountTracker),
			MasterCount:          1,
			ServiceResolver:      webhook.NewDefaultServiceResolver(),
			AuthResolverWrapper:  webhook.NewDefaultAuthenticationInfoResolverWrapper(nil, nil, config.LoopbackClientConfig, noop.NewTracerProvider()),
		},
	}
	return own.Complete().New(server.NewEmptyDelegate())
}

// listGroups adds the groups of custom resources to the list at /apis, as kube-aggregator does; a group that is gone stays in it.
func listGroups(front *server.GenericAPIServer, definitions *crds.CustomResourceDefinitions) error {
	_, err := definitions.Informers.Apiextensions().V1().CustomResourceDefinitions().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		group := metav1.APIGroup{Name: object.(*crdv1.CustomResourceDefinition).Spec.Group}
		for _, version := range object.(*crdv1.CustomResourceDefinition).Spec.Versions {
			group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: group.Name + "/" + version.Name, Version: version.Name})
		}
		group.PreferredVersion = group.Versions[0]
		front.DiscoveryGroupManager.AddGroup(group)
	}})
	return err
}

func install(front *server.GenericAPIServer, config *server.RecommendedConfig) error {
	groups := []*server.APIGroupInfo{}
	for _, version := range versions() {
		group := server.NewDefaultAPIGroupInfo(version.Group, scheme, runtime.NewParameterCodec(scheme), codecs)
		resources, err := storageOf(version, config.RESTOptionsGetter)
		if err != nil {
			return err
		}
		if version == authorizationv1.SchemeGroupVersion {
			resources = map[string]rest.Storage{"selfsubjectaccessreviews": accessReview{}}
		}
		group.VersionedResourcesStorageMap[version.Version] = resources
		if version == corev1.SchemeGroupVersion {
			maps.Copy(resources, passages(resources))
			if err := front.InstallLegacyAPIGroup(server.DefaultLegacyAPIPrefix, &group); err != nil {
				return err
			}
			continue
		}
		groups = append(groups, &group)
	}
	return front.InstallAPIGroups(groups...)
}

func init() { utilruntime.ReallyCrash = true }
