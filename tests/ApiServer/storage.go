package main

import (
	"context"
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// strategy keeps what every kind of kube-apiserver has in common: name and labels are checked, the status is written through
// its subresource alone, the generation counts changes. What kube-apiserver checks and defaults kind by kind is not here.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
	kind     builtIn
	version  string
	isStatus bool
}

var (
	_ rest.GarbageCollectionDeleteStrategy = strategy{}
	_ rest.RESTGracefulDeleteStrategy      = strategy{}
)

func part(object runtime.Object, name string) reflect.Value {
	return reflect.ValueOf(object).Elem().FieldByName(name)
}

func keep(name string, object, old runtime.Object) {
	if value := part(object, name); value.IsValid() {
		value.Set(part(old, name))
	}
}

func accessor(object runtime.Object) metav1.Object {
	found, err := meta.Accessor(object)
	if err != nil {
		panic(err)
	}
	return found
}

func (s strategy) NamespaceScoped() bool                                   { return !s.kind.cluster }
func (strategy) AllowCreateOnUpdate() bool                                 { return false }
func (strategy) AllowUnconditionalUpdate() bool                            { return true }
func (strategy) Canonicalize(runtime.Object)                               {}
func (strategy) WarningsOnCreate(context.Context, runtime.Object) []string { return nil }
func (strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

func (strategy) DefaultGarbageCollectionPolicy(context.Context) rest.GarbageCollectionPolicy {
	return rest.DeleteDependents
}

// CheckGracefulDelete leaves a pod that runs on a node to its kubelet, which removes it with a grace period of zero; everything else goes at once.
func (strategy) CheckGracefulDelete(_ context.Context, object runtime.Object, options *metav1.DeleteOptions) bool {
	pod, isPod := object.(*corev1.Pod)
	if !isPod {
		return false
	}
	period := *pod.Spec.TerminationGracePeriodSeconds
	if options.GracePeriodSeconds != nil {
		period = *options.GracePeriodSeconds
	}
	if pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		period = 0
	}
	options.GracePeriodSeconds = &period
	return true
}

func (s strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	if status := part(object, "Status"); status.IsValid() {
		status.SetZero()
	}
	if s.kind.counted {
		accessor(object).SetGeneration(1)
	}
}

func (s strategy) PrepareForUpdate(_ context.Context, object, old runtime.Object) {
	if s.isStatus {
		keep("Spec", object, old)
		accessor(object).SetLabels(accessor(old).GetLabels())
		accessor(object).SetGeneration(accessor(old).GetGeneration())
		return
	}
	keep("Status", object, old)
	accessor(object).SetGeneration(accessor(old).GetGeneration())
	if s.kind.counted && !equality.Semantic.DeepEqual(wanted(object), wanted(old)) {
		accessor(object).SetGeneration(accessor(old).GetGeneration() + 1)
	}
}

func wanted(object runtime.Object) any {
	if spec := part(object, "Spec"); spec.IsValid() {
		return spec.Interface()
	}
	return nil
}

func (s strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	check := apivalidation.NameIsDNSSubdomain
	switch s.kind.plural {
	case "namespaces":
		check = apivalidation.ValidateNamespaceName
	case "services":
		check = apivalidation.NameIsDNS1035Label
	case "roles", "rolebindings", "clusterroles", "clusterrolebindings":
		return nil
	}
	var found field.ErrorList
	for _, message := range check(accessor(object).GetName(), false) {
		found = append(found, field.Invalid(field.NewPath("metadata", "name"), accessor(object).GetName(), message))
	}
	return found
}

func (s strategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}

func (s strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	if !s.hasStatus() {
		return nil
	}
	reset := fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
	if s.isStatus {
		reset = fieldpath.NewSet(fieldpath.MakePathOrDie("spec"), fieldpath.MakePathOrDie("metadata", "labels"))
	}
	return map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(s.version): reset}
}

func (s strategy) hasStatus() bool { return part(s.kind.object, "Status").IsValid() }

// The table of names and ages is what "kubectl get" prints: kube-apiserver's columns by kind are not here.
type keptKind struct {
	*registry.Store
	shortNames []string
}

func (k keptKind) ShortNames() []string { return k.shortNames }

// statusPart is the subresource "status".
type statusPart struct{ store *registry.Store }

func (s statusPart) New() runtime.Object { return s.store.New() }
func (statusPart) Destroy()              {}
func (s statusPart) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	return s.store.Get(ctx, name, options)
}
func (s statusPart) Update(ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc, update rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions) (runtime.Object, bool, error) {
	return s.store.Update(ctx, name, info, create, update, false, options)
}
func (s statusPart) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.store.UpdateStrategy.(strategy).GetResetFields()
}
func (s statusPart) ConvertToTable(ctx context.Context, object runtime.Object, options runtime.Object) (*metav1.Table, error) {
	return s.store.ConvertToTable(ctx, object, options)
}

// storageOf makes the resources of one group and version: each kind, and its status where it has one.
func storageOf(version schema.GroupVersion, getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	all := map[string]rest.Storage{}
	for _, kind := range builtIns[version] {
		resource := version.WithResource(kind.plural).GroupResource()
		rules := strategy{ObjectTyper: scheme, NameGenerator: names.SimpleNameGenerator, kind: kind, version: version.String()}
		store := &registry.Store{
			NewFunc:                   func() runtime.Object { return kind.object.DeepCopyObject() },
			NewListFunc:               func() runtime.Object { return kind.list.DeepCopyObject() },
			DefaultQualifiedResource:  resource,
			SingularQualifiedResource: version.WithResource(singular(kind)).GroupResource(),
			CreateStrategy:            rules,
			UpdateStrategy:            rules,
			DeleteStrategy:            rules,
			ResetFieldsStrategy:       rules,
			TableConvertor:            rest.NewDefaultTableConvertor(resource),
		}
		if err := store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: getter, AttrFunc: attributes(kind)}); err != nil {
			return nil, fmt.Errorf("%s: %w", resource, err)
		}
		all[kind.plural] = keptKind{store, kind.shortNames}
		if rules.hasStatus() {
			part := *store
			rules.isStatus = true
			part.UpdateStrategy, part.ResetFieldsStrategy = rules, rules
			all[kind.plural+"/status"] = statusPart{&part}
		}
	}
	return all, nil
}

func attributes(kind builtIn) storage.AttrFunc {
	return func(object runtime.Object) (labels.Set, fields.Set, error) {
		read := storage.DefaultNamespaceScopedAttr
		if kind.cluster {
			read = storage.DefaultClusterScopedAttr
		}
		labelled, known, err := read(object)
		for name, of := range kind.fields {
			known[name] = of(object)
		}
		return labelled, known, err
	}
}
