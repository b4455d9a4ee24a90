package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// builtIn is a kind that the server keeps. Whether it has a status is read off its Go type.
type builtIn struct {
	object     runtime.Object
	list       runtime.Object
	plural     string
	shortNames []string
	cluster    bool                                   // without namespace
	counted    bool                                   // metadata.generation goes up with each change of what is wanted
	fields     map[string]func(runtime.Object) string // field selectors besides name and namespace
}

func selectable[T runtime.Object](read func(T) string) func(runtime.Object) string {
	return func(object runtime.Object) string { return read(object.(T)) }
}

var builtIns = map[schema.GroupVersion][]builtIn{
	corev1.SchemeGroupVersion: {
		{object: &corev1.Pod{}, list: &corev1.PodList{}, plural: "pods", shortNames: []string{"po"}, counted: true, fields: map[string]func(runtime.Object) string{
			"spec.nodeName": selectable(func(pod *corev1.Pod) string { return pod.Spec.NodeName }),
			"status.phase":  selectable(func(pod *corev1.Pod) string { return string(pod.Status.Phase) }),
		}},
		{object: &corev1.Service{}, list: &corev1.ServiceList{}, plural: "services", shortNames: []string{"svc"}},
		{object: &corev1.ConfigMap{}, list: &corev1.ConfigMapList{}, plural: "configmaps", shortNames: []string{"cm"}},
		{object: &corev1.Secret{}, list: &corev1.SecretList{}, plural: "secrets", fields: map[string]func(runtime.Object) string{
			"type": selectable(func(secret *corev1.Secret) string { return string(secret.Type) }),
		}},
		{object: &corev1.ServiceAccount{}, list: &corev1.ServiceAccountList{}, plural: "serviceaccounts", shortNames: []string{"sa"}},
		{object: &corev1.PersistentVolumeClaim{}, list: &corev1.PersistentVolumeClaimList{}, plural: "persistentvolumeclaims", shortNames: []string{"pvc"}},
		{object: &corev1.Endpoints{}, list: &corev1.EndpointsList{}, plural: "endpoints", shortNames: []string{"ep"}},
		{object: &corev1.ResourceQuota{}, list: &corev1.ResourceQuotaList{}, plural: "resourcequotas", shortNames: []string{"quota"}},
		{object: &corev1.Event{}, list: &corev1.EventList{}, plural: "events", shortNames: []string{"ev"}, fields: map[string]func(runtime.Object) string{
			"involvedObject.kind": selectable(func(event *corev1.Event) string { return event.InvolvedObject.Kind }),
			"involvedObject.name": selectable(func(event *corev1.Event) string { return event.InvolvedObject.Name }),
			"involvedObject.uid":  selectable(func(event *corev1.Event) string { return string(event.InvolvedObject.UID) }),
			"reason":              selectable(func(event *corev1.Event) string { return event.Reason }),
			"type":                selectable(func(event *corev1.Event) string { return event.Type }),
		}},
		{object: &corev1.Namespace{}, list: &corev1.NamespaceList{}, plural: "namespaces", shortNames: []string{"ns"}, cluster: true},
		{object: &corev1.Node{}, list: &corev1.NodeList{}, plural: "nodes", shortNames: []string{"no"}, cluster: true},
		{object: &corev1.PersistentVolume{}, list: &corev1.PersistentVolumeList{}, plural: "persistentvolumes", shortNames: []string{"pv"}, cluster: true},
	},
	appsv1.SchemeGroupVersion: {
		{object: &appsv1.Deployment{}, list: &appsv1.DeploymentList{}, plural: "deployments", shortNames: []string{"deploy"}, counted: true},
		{object: &appsv1.ReplicaSet{}, list: &appsv1.ReplicaSetList{}, plural: "replicasets", shortNames: []string{"rs"}, counted: true},
		{object: &appsv1.StatefulSet{}, list: &appsv1.StatefulSetList{}, plural: "statefulsets", shortNames: []string{"sts"}, counted: true},
		{object: &appsv1.DaemonSet{}, list: &appsv1.DaemonSetList{}, plural: "daemonsets", shortNames: []string{"ds"}, counted: true},
		{object: &appsv1.ControllerRevision{}, list: &appsv1.ControllerRevisionList{}, plural: "controllerrevisions"},
	},
	batchv1.SchemeGroupVersion:       {{object: &batchv1.Job{}, list: &batchv1.JobList{}, plural: "jobs", counted: true}},
	autoscalingv2.SchemeGroupVersion: {{object: &autoscalingv2.HorizontalPodAutoscaler{}, list: &autoscalingv2.HorizontalPodAutoscalerList{}, plural: "horizontalpodautoscalers", shortNames: []string{"hpa"}}},
	policyv1.SchemeGroupVersion:      {{object: &policyv1.PodDisruptionBudget{}, list: &policyv1.PodDisruptionBudgetList{}, plural: "poddisruptionbudgets", shortNames: []string{"pdb"}, counted: true}},
	coordinationv1.SchemeGroupVersion: {
		{object: &coordinationv1.Lease{}, list: &coordinationv1.LeaseList{}, plural: "leases"},
	},
	networkingv1.SchemeGroupVersion: {{object: &networkingv1.NetworkPolicy{}, list: &networkingv1.NetworkPolicyList{}, plural: "networkpolicies", shortNames: []string{"netpol"}, counted: true}},
	storagev1.SchemeGroupVersion:    {{object: &storagev1.StorageClass{}, list: &storagev1.StorageClassList{}, plural: "storageclasses", shortNames: []string{"sc"}, cluster: true}},
	eventsv1.SchemeGroupVersion:     {{object: &eventsv1.Event{}, list: &eventsv1.EventList{}, plural: "events", shortNames: []string{"ev"}}},
	discoveryv1.SchemeGroupVersion:  {{object: &discoveryv1.EndpointSlice{}, list: &discoveryv1.EndpointSliceList{}, plural: "endpointslices", counted: true}},
	schedulingv1.SchemeGroupVersion: {{object: &schedulingv1.PriorityClass{}, list: &schedulingv1.PriorityClassList{}, plural: "priorityclasses", shortNames: []string{"pc"}, cluster: true}},
	rbacv1.SchemeGroupVersion: {
		{object: &rbacv1.Role{}, list: &rbacv1.RoleList{}, plural: "roles"},
		{object: &rbacv1.RoleBinding{}, list: &rbacv1.RoleBindingList{}, plural: "rolebindings"},
		{object: &rbacv1.ClusterRole{}, list: &rbacv1.ClusterRoleList{}, plural: "clusterroles", cluster: true},
		{object: &rbacv1.ClusterRoleBinding{}, list: &rbacv1.ClusterRoleBindingList{}, plural: "clusterrolebindings", cluster: true},
	},
	admissionregistrationv1.SchemeGroupVersion: {
		{object: &admissionregistrationv1.ValidatingAdmissionPolicy{}, list: &admissionregistrationv1.ValidatingAdmissionPolicyList{}, plural: "validatingadmissionpolicies", cluster: true, counted: true},
		{object: &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}, list: &admissionregistrationv1.ValidatingAdmissionPolicyBindingList{}, plural: "validatingadmissionpolicybindings", cluster: true},
	},
}

var (
	scheme = runtime.NewScheme()
	codecs = serializer.NewCodecFactory(scheme)
)

// The hub version of each kind is its one served version: there are no internal types to convert to outside of kube-apiserver.
func init() {
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, autoscalingv2.AddToScheme, policyv1.AddToScheme, coordinationv1.AddToScheme,
		networkingv1.AddToScheme, storagev1.AddToScheme, eventsv1.AddToScheme, discoveryv1.AddToScheme, schedulingv1.AddToScheme, rbacv1.AddToScheme,
		admissionregistrationv1.AddToScheme, authorizationv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	for version, kinds := range builtIns {
		for _, kind := range kinds {
			registerAsHub(version, kind.object, kind.list)
			name := reflect.TypeOf(kind.object).Elem().Name()
			utilruntime.Must(scheme.AddFieldLabelConversionFunc(version.WithKind(name), func(label, value string) (string, string, error) {
				if _, known := kind.fields[label]; known {
					return label, value, nil
				}
				return runtime.DefaultMetaV1FieldSelectorConversion(label, value)
			}))
		}
		utilruntime.Must(scheme.SetVersionPriority(version))
	}
	registerAsHub(authorizationv1.SchemeGroupVersion, &authorizationv1.SelfSubjectAccessReview{})
	utilruntime.Must(scheme.SetVersionPriority(authorizationv1.SchemeGroupVersion))
	unversioned := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, unversioned)
	scheme.AddUnversionedTypes(unversioned, &metav1.Status{}, &metav1.APIVersions{}, &metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{})
}

func registerAsHub(version schema.GroupVersion, objects ...runtime.Object) {
	for _, object := range objects {
		scheme.AddKnownTypeWithName(schema.GroupVersion{Group: version.Group, Version: runtime.APIVersionInternal}.WithKind(reflect.TypeOf(object).Elem().Name()), object)
	}
}

// versions lists the groups served, in the order of their names.
func versions() []schema.GroupVersion {
	all := append(slices.Collect(maps.Keys(builtIns)), authorizationv1.SchemeGroupVersion)
	slices.SortFunc(all, func(a, b schema.GroupVersion) int { return strings.Compare(a.Group, b.Group) })
	return all
}

func singular(kind builtIn) string { return strings.ToLower(reflect.TypeOf(kind.object).Elem().Name()) }
