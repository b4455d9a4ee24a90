namespace Preheat.LocalCloud.Kubernetes.Validation;

internal static partial class Schemas
{
    private const string Cluster = """
        Job
          apiVersion text
          kind text
          metadata ObjectMeta
          spec JobSpec!
          status Status
        JobSpec
          activeDeadlineSeconds int
          backoffLimit int
          backoffLimitPerIndex int
          completionMode text(NonIndexed|Indexed)
          completions int
          managedBy text
          manualSelector bool
          maxFailedIndexes int
          parallelism int
          podFailurePolicy any
          podReplacementPolicy text(TerminatingOrFailed|Failed)
          selector LabelSelector
          successPolicy any
          suspend bool
          template PodTemplateSpec!
          ttlSecondsAfterFinished int
        PersistentVolume
          apiVersion text
          kind text
          metadata ObjectMeta
          spec PersistentVolumeSpec!
          status Status
        PersistentVolumeSpec
          accessModes [text(ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod)]!
          capacity {quantity}
          claimRef ObjectReference
          csi CSIPersistentVolumeSource
          gcePersistentDisk GCEPersistentDiskVolumeSource
          hostPath HostPathVolumeSource
          local LocalVolumeSource
          mountOptions [text]
          nfs NFSVolumeSource
          nodeAffinity any
          persistentVolumeReclaimPolicy text(Delete|Recycle|Retain)
          storageClassName text
          volumeAttributesClassName text
          volumeMode text(Block|Filesystem)
        ObjectReference atomic
          apiVersion text
          fieldPath text
          kind text
          name text
          namespace text
          resourceVersion text
          uid text
        CSIPersistentVolumeSource
          controllerExpandSecretRef SecretReference
          controllerPublishSecretRef SecretReference
          driver text!
          fsType text
          nodeExpandSecretRef SecretReference
          nodePublishSecretRef SecretReference
          nodeStageSecretRef SecretReference
          readOnly bool
          volumeAttributes {text}
          volumeHandle text!
        SecretReference atomic
          name text
          namespace text
        GCEPersistentDiskVolumeSource
          fsType text
          partition int
          pdName text!
          readOnly bool
        LocalVolumeSource
          fsType text
          path text!
        NFSVolumeSource
          path text!
          readOnly bool
          server text!
        StorageClass
          apiVersion text
          kind text
          metadata ObjectMeta
          allowVolumeExpansion bool
          allowedTopologies [any]
          mountOptions [text]
          parameters {text}
          provisioner text!
          reclaimPolicy text(Delete|Recycle|Retain)
          volumeBindingMode text(Immediate|WaitForFirstConsumer)
        ResourceQuota
          apiVersion text
          kind text
          metadata ObjectMeta
          spec ResourceQuotaSpec
          status Status
        ResourceQuotaSpec
          hard {quantity}
          scopeSelector any
          scopes [text]
        LimitRange
          apiVersion text
          kind text
          metadata ObjectMeta
          spec LimitRangeSpec
        LimitRangeSpec
          limits [LimitRangeItem]!
        LimitRangeItem
          default {quantity}
          defaultRequest {quantity}
          max {quantity}
          maxLimitRequestRatio {quantity}
          min {quantity}
          type text!
        NetworkPolicy
          apiVersion text
          kind text
          metadata ObjectMeta
          spec NetworkPolicySpec
        NetworkPolicySpec
          egress [NetworkPolicyEgressRule]
          ingress [NetworkPolicyIngressRule]
          podSelector LabelSelector
          policyTypes [text(Ingress|Egress)]
        NetworkPolicyEgressRule
          ports [NetworkPolicyPort]
          to [NetworkPolicyPeer]
        NetworkPolicyIngressRule
          from [NetworkPolicyPeer]
          ports [NetworkPolicyPort]
        NetworkPolicyPort
          endPort int
          port int-or-text
          protocol text(SCTP|TCP|UDP)
        NetworkPolicyPeer
          ipBlock IPBlock
          namespaceSelector LabelSelector
          podSelector LabelSelector
        IPBlock
          cidr text!
          except [text]
        Lease
          apiVersion text
          kind text
          metadata ObjectMeta
          spec LeaseSpec
        LeaseSpec
          acquireTime text
          holderIdentity text
          leaseDurationSeconds int
          leaseTransitions int
          preferredHolder text
          renewTime text
          strategy text
        EndpointSlice
          apiVersion text
          kind text
          metadata ObjectMeta
          addressType text(FQDN|IPv4|IPv6)!
          endpoints [Endpoint]
          ports [EndpointPort]
        Endpoint
          addresses [text]set!
          conditions EndpointConditions
          deprecatedTopology {text}
          hints any
          hostname text
          nodeName text
          targetRef ObjectReference
          zone text
        EndpointConditions
          ready bool
          serving bool
          terminating bool
        EndpointPort atomic
          appProtocol text
          name text
          port int
          protocol text(SCTP|TCP|UDP)
        PriorityClass
          apiVersion text
          kind text
          metadata ObjectMeta
          description text
          globalDefault bool
          preemptionPolicy text(Never|PreemptLowerPriority)
          value int!
        CustomResourceDefinition
          apiVersion text
          kind text
          metadata ObjectMeta
          spec CustomResourceDefinitionSpec!
          status Status
        CustomResourceDefinitionSpec
          conversion any
          group text!
          names CustomResourceDefinitionNames!
          preserveUnknownFields bool
          scope text(Cluster|Namespaced)!
          versions [CustomResourceDefinitionVersion]!
        CustomResourceDefinitionNames
          categories [text]
          kind text!
          listKind text
          plural text!
          shortNames [text]
          singular text
        CustomResourceDefinitionVersion
          additionalPrinterColumns [CustomResourceColumnDefinition]
          deprecated bool
          deprecationWarning text
          name text!
          schema CustomResourceValidation
          selectableFields [any]
          served bool!
          storage bool!
          subresources CustomResourceSubresources
        CustomResourceValidation
          openAPIV3Schema any
        CustomResourceColumnDefinition
          description text
          format text
          jsonPath text!
          name text!
          priority int
          type text!
        CustomResourceSubresources
          scale CustomResourceSubresourceScale
          status any
        CustomResourceSubresourceScale
          labelSelectorPath text
          specReplicasPath text!
          statusReplicasPath text!
        """;
}
