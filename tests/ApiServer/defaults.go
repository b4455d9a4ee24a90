package main

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The defaults without which controllers do not work, as the API reference states them for each field. kube-apiserver has more.
func init() {
	scheme.AddTypeDefaultingFunc(&corev1.Namespace{}, func(object any) {
		namespace := object.(*corev1.Namespace)
		if namespace.Labels == nil {
			namespace.Labels = map[string]string{}
		}
		if namespace.Name != "" {
			namespace.Labels[corev1.LabelMetadataName] = namespace.Name
		}
	})
	scheme.AddTypeDefaultingFunc(&admissionregistrationv1.ValidatingAdmissionPolicy{}, func(object any) {
		defaultMatch(object.(*admissionregistrationv1.ValidatingAdmissionPolicy).Spec.MatchConstraints)
	})
	scheme.AddTypeDefaultingFunc(&admissionregistrationv1.ValidatingAdmissionPolicyBinding{}, func(object any) {
		defaultMatch(object.(*admissionregistrationv1.ValidatingAdmissionPolicyBinding).Spec.MatchResources)
	})
	scheme.AddTypeDefaultingFunc(&corev1.Pod{}, func(object any) { defaultPod(&object.(*corev1.Pod).Spec) })
	scheme.AddTypeDefaultingFunc(&corev1.Service{}, func(object any) { defaultService(&object.(*corev1.Service).Spec) })
	scheme.AddTypeDefaultingFunc(&appsv1.Deployment{}, func(object any) {
		spec := &object.(*appsv1.Deployment).Spec
		orElse(&spec.Replicas, 1)
		orElse(&spec.RevisionHistoryLimit, 10)
		orElse(&spec.ProgressDeadlineSeconds, 600)
		ifEmpty(&spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
		if spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
			if spec.Strategy.RollingUpdate == nil {
				spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
			}
			orElse(&spec.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
			orElse(&spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		}
		defaultPod(&spec.Template.Spec)
	})
	scheme.AddTypeDefaultingFunc(&appsv1.ReplicaSet{}, func(object any) {
		spec := &object.(*appsv1.ReplicaSet).Spec
		orElse(&spec.Replicas, 1)
		defaultPod(&spec.Template.Spec)
	})
	scheme.AddTypeDefaultingFunc(&batchv1.Job{}, func(object any) {
		spec := &object.(*batchv1.Job).Spec
		orElse(&spec.Parallelism, 1)
		orElse(&spec.BackoffLimit, 6)
		defaultPod(&spec.Template.Spec)
	})
}

func orElse[T any](value **T, otherwise T) {
	if *value == nil {
		*value = &otherwise
	}
}

func ifEmpty[T ~string](value *T, otherwise T) {
	if *value == "" {
		*value = otherwise
	}
}

func defaultMatch(match *admissionregistrationv1.MatchResources) {
	if match == nil {
		return
	}
	orElse(&match.MatchPolicy, admissionregistrationv1.Equivalent)
	orElse(&match.NamespaceSelector, metav1.LabelSelector{})
	orElse(&match.ObjectSelector, metav1.LabelSelector{})
	for index := range match.ResourceRules {
		orElse(&match.ResourceRules[index].Scope, admissionregistrationv1.AllScopes)
	}
}

func defaultPod(spec *corev1.PodSpec) {
	ifEmpty(&spec.RestartPolicy, corev1.RestartPolicyAlways)
	ifEmpty(&spec.DNSPolicy, corev1.DNSClusterFirst)
	ifEmpty(&spec.SchedulerName, corev1.DefaultSchedulerName)
	orElse(&spec.TerminationGracePeriodSeconds, int64(corev1.DefaultTerminationGracePeriodSeconds))
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	for index := range spec.Containers {
		container := &spec.Containers[index]
		ifEmpty(&container.ImagePullPolicy, corev1.PullIfNotPresent)
		ifEmpty(&container.TerminationMessagePath, corev1.TerminationMessagePathDefault)
		ifEmpty(&container.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
		for port := range container.Ports {
			ifEmpty(&container.Ports[port].Protocol, corev1.ProtocolTCP)
		}
	}
}

func defaultService(spec *corev1.ServiceSpec) {
	ifEmpty(&spec.Type, corev1.ServiceTypeClusterIP)
	ifEmpty(&spec.SessionAffinity, corev1.ServiceAffinityNone)
	for index := range spec.Ports {
		port := &spec.Ports[index]
		ifEmpty(&port.Protocol, corev1.ProtocolTCP)
		if port.TargetPort == (intstr.IntOrString{}) {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
	}
}
