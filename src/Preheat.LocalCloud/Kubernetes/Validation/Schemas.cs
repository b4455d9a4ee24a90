using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Validation;

/// <summary>
/// Types of the kinds served, after the API reference of Kubernetes 1.33 (https://kubernetes.io/docs/reference/kubernetes-api/). List
/// and map types follow the <c>x-kubernetes-*</c> marks there. Kinds of others are definitions (<see cref="Definitions.PreinstalledDefinitions"/>).
/// </summary>
internal static partial class Schemas
{
    private static readonly IReadOnlyDictionary<string, Schema> Types = SchemaReader.Read(Meta, Pods, Volumes, Workloads, Others, Cluster, Access);

    /// <summary>The type of a kind; <see cref="Schema.Any"/> when its bodies are stored as they are.</summary>
    public static Schema Of(ResourceKind kind) => kind.Defined?.Type ?? (kind.Schema is null ? Schema.Any : Types[kind.Schema]);

    /// <summary>Metadata, the same for every kind.</summary>
    public static Schema ObjectMeta => Types["ObjectMeta"];

    private const string Meta = """
        ObjectMeta
          name text
          generateName text
          namespace text
          labels {text}
          annotations {text}
          uid text
          resourceVersion text
          generation int
          creationTimestamp text
          deletionTimestamp text
          deletionGracePeriodSeconds int
          selfLink text
          finalizers [text]set
          ownerReferences [OwnerReference]by:uid
          managedFields [any]
        OwnerReference atomic
          apiVersion text!
          kind text!
          name text!
          uid text!
          controller bool
          blockOwnerDeletion bool
        LabelSelector atomic
          matchLabels {text}
          matchExpressions [LabelSelectorRequirement]
        LabelSelectorRequirement
          key text!
          operator text(In|NotIn|Exists|DoesNotExist)!
          values [text]
        Condition
          type text!
          status text!
          observedGeneration int
          lastTransitionTime text
          lastUpdateTime text
          lastProbeTime text
          reason text
          message text
        Status open
          conditions [StatusCondition]by:type
        StatusCondition open
          type text!
          status text!
        LocalObjectReference atomic
          name text
        TypedLocalObjectReference atomic
          apiGroup text
          kind text!
          name text!
          namespace text
        """;

    private const string Workloads = """
        Deployment
          apiVersion text
          kind text
          metadata ObjectMeta
          spec DeploymentSpec!
          status Status
        DeploymentSpec
          replicas int
          selector LabelSelector!
          template PodTemplateSpec!
          strategy DeploymentStrategy
          minReadySeconds int
          revisionHistoryLimit int
          paused bool
          progressDeadlineSeconds int
        DeploymentStrategy
          type text(Recreate|RollingUpdate)
          rollingUpdate RollingUpdateDeployment
        RollingUpdateDeployment
          maxUnavailable int-or-text
          maxSurge int-or-text
        ReplicaSet
          apiVersion text
          kind text
          metadata ObjectMeta
          spec ReplicaSetSpec!
          status Status
        ReplicaSetSpec
          replicas int
          minReadySeconds int
          selector LabelSelector!
          template PodTemplateSpec
        HorizontalPodAutoscaler
          apiVersion text
          kind text
          metadata ObjectMeta
          spec HorizontalPodAutoscalerSpec!
          status Status
        HorizontalPodAutoscalerSpec
          scaleTargetRef CrossVersionObjectReference!
          minReplicas int
          maxReplicas int!
          metrics [MetricSpec]
          behavior HorizontalPodAutoscalerBehavior
        CrossVersionObjectReference
          apiVersion text
          kind text!
          name text!
        HorizontalPodAutoscalerBehavior
          scaleUp HPAScalingRules
          scaleDown HPAScalingRules
        HPAScalingRules
          stabilizationWindowSeconds int
          selectPolicy text(Max|Min|Disabled)
          tolerance quantity
          policies [HPAScalingPolicy]
        HPAScalingPolicy
          type text(Pods|Percent)!
          value int!
          periodSeconds int!
        MetricSpec
          type text(ContainerResource|External|Object|Pods|Resource)!
          pods PodsMetricSource
          external ExternalMetricSource
          object ObjectMetricSource
          resource ResourceMetricSource
          containerResource ContainerResourceMetricSource
        PodsMetricSource
          metric MetricIdentifier!
          target MetricTarget!
        ExternalMetricSource
          metric MetricIdentifier!
          target MetricTarget!
        ObjectMetricSource
          describedObject CrossVersionObjectReference!
          metric MetricIdentifier!
          target MetricTarget!
        ResourceMetricSource
          name text!
          target MetricTarget!
        ContainerResourceMetricSource
          name text!
          container text!
          target MetricTarget!
        MetricIdentifier
          name text!
          selector LabelSelector
        MetricTarget
          type text(Utilization|Value|AverageValue)!
          value quantity
          averageValue quantity
          averageUtilization int
        PodDisruptionBudget
          apiVersion text
          kind text
          metadata ObjectMeta
          spec PodDisruptionBudgetSpec
          status Status
        PodDisruptionBudgetSpec
          minAvailable int-or-text
          maxUnavailable int-or-text
          selector LabelSelector
          unhealthyPodEvictionPolicy text(IfHealthyBudget|AlwaysAllow)
        """;

    private const string Others = """
        Namespace
          apiVersion text
          kind text
          metadata ObjectMeta
          spec NamespaceSpec
          status Status
        NamespaceSpec
          finalizers [text]
        Service
          apiVersion text
          kind text
          metadata ObjectMeta
          spec ServiceSpec
          status Status
        ServiceSpec
          type text(ClusterIP|ExternalName|LoadBalancer|NodePort)
          selector {text}atomic
          ports [ServicePort]by:port,protocol=TCP
          clusterIP text
          clusterIPs [text]
          externalIPs [text]
          externalName text
          externalTrafficPolicy text(Cluster|Local)
          internalTrafficPolicy text(Cluster|Local)
          healthCheckNodePort int
          ipFamilies [text]
          ipFamilyPolicy text(SingleStack|PreferDualStack|RequireDualStack)
          allocateLoadBalancerNodePorts bool
          loadBalancerClass text
          loadBalancerIP text
          loadBalancerSourceRanges [text]
          publishNotReadyAddresses bool
          sessionAffinity text(ClientIP|None)
          sessionAffinityConfig any
          trafficDistribution text
        ServicePort
          name text
          port int!
          protocol text(SCTP|TCP|UDP)
          targetPort int-or-text
          nodePort int
          appProtocol text
        Secret
          apiVersion text
          kind text
          metadata ObjectMeta
          type text
          immutable bool
          data {text}
          stringData {text}
        ConfigMap
          apiVersion text
          kind text
          metadata ObjectMeta
          immutable bool
          data {text}
          binaryData {text}
        ServiceAccount
          apiVersion text
          kind text
          metadata ObjectMeta
          automountServiceAccountToken bool
          imagePullSecrets [LocalObjectReference]
          secrets [any]
        PersistentVolumeClaim
          apiVersion text
          kind text
          metadata ObjectMeta
          spec PersistentVolumeClaimSpec!
          status Status
        PersistentVolumeClaimSpec
          accessModes [text(ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod)]!
          resources VolumeResourceRequirements!
          selector LabelSelector
          storageClassName text
          volumeName text
          volumeMode text(Block|Filesystem)
          volumeAttributesClassName text
          dataSource TypedLocalObjectReference
          dataSourceRef TypedLocalObjectReference
        VolumeResourceRequirements
          requests {quantity}
          limits {quantity}
        """;
}
