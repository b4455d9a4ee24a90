namespace Preheat.LocalCloud.Kubernetes.Validation;

internal static partial class Schemas
{
    private const string Pods = """
        Pod
          apiVersion text
          kind text
          metadata ObjectMeta
          spec PodSpec!
          status Status
        PodTemplateSpec
          metadata ObjectMeta
          spec PodSpec!
        PodSpec
          containers [Container]by:name!
          initContainers [Container]by:name
          volumes [Volume]by:name
          restartPolicy text(Always|OnFailure|Never)
          terminationGracePeriodSeconds int
          activeDeadlineSeconds int
          dnsPolicy text(ClusterFirst|ClusterFirstWithHostNet|Default|None)
          dnsConfig any
          nodeSelector {text}atomic
          nodeName text
          serviceAccountName text
          serviceAccount text
          automountServiceAccountToken bool
          hostNetwork bool
          hostPID bool
          hostIPC bool
          hostUsers bool
          hostname text
          hostnameOverride text
          subdomain text
          setHostnameAsFQDN bool
          shareProcessNamespace bool
          securityContext PodSecurityContext
          imagePullSecrets [LocalObjectReference]by:name
          affinity any
          schedulerName text
          schedulingGates [any]
          tolerations [Toleration]
          hostAliases [any]
          priorityClassName text
          priority int
          preemptionPolicy text
          runtimeClassName text
          enableServiceLinks bool
          overhead {quantity}
          os any
          readinessGates [any]
          resourceClaims [any]
          resources ResourceRequirements
          topologySpreadConstraints [TopologySpreadConstraint]by:topologyKey,whenUnsatisfiable
          ephemeralContainers [any]
        Container
          name text!
          image text
          imagePullPolicy text(Always|IfNotPresent|Never)
          command [text]
          args [text]
          workingDir text
          ports [ContainerPort]by:containerPort,protocol=TCP
          env [EnvVar]by:name
          envFrom [EnvFromSource]
          resources ResourceRequirements
          resizePolicy [any]
          restartPolicy text
          restartPolicyRules [any]
          volumeMounts [VolumeMount]by:mountPath
          volumeDevices [VolumeDevice]by:devicePath
          livenessProbe Probe
          readinessProbe Probe
          startupProbe Probe
          lifecycle Lifecycle
          terminationMessagePath text
          terminationMessagePolicy text(File|FallbackToLogsOnError)
          securityContext SecurityContext
          stdin bool
          stdinOnce bool
          tty bool
        ContainerPort
          containerPort int!
          name text
          protocol text(SCTP|TCP|UDP)
          hostPort int
          hostIP text
        EnvVar
          name text!
          value text
          valueFrom EnvVarSource
        EnvVarSource
          secretKeyRef KeySelector
          configMapKeyRef KeySelector
          fieldRef ObjectFieldSelector
          resourceFieldRef ResourceFieldSelector
          fileKeyRef any
        KeySelector atomic
          key text!
          name text
          optional bool
        ObjectFieldSelector atomic
          apiVersion text
          fieldPath text!
        ResourceFieldSelector atomic
          containerName text
          resource text!
          divisor quantity
        EnvFromSource
          prefix text
          configMapRef EnvSource
          secretRef EnvSource
        EnvSource
          name text
          optional bool
        ResourceRequirements
          limits {quantity}
          requests {quantity}
          claims [any]
        VolumeMount
          name text!
          mountPath text!
          readOnly bool
          recursiveReadOnly text
          subPath text
          subPathExpr text
          mountPropagation text
        VolumeDevice
          name text!
          devicePath text!
        Probe
          httpGet HTTPGetAction
          tcpSocket TCPSocketAction
          exec ExecAction
          grpc GRPCAction
          initialDelaySeconds int
          periodSeconds int
          timeoutSeconds int
          successThreshold int
          failureThreshold int
          terminationGracePeriodSeconds int
        HTTPGetAction
          path text
          port int-or-text!
          host text
          scheme text(HTTP|HTTPS)
          httpHeaders [HTTPHeader]
        HTTPHeader
          name text!
          value text!
        TCPSocketAction
          port int-or-text!
          host text
        ExecAction
          command [text]
        GRPCAction
          port int!
          service text
        Lifecycle
          preStop LifecycleHandler
          postStart LifecycleHandler
          stopSignal text
        LifecycleHandler
          exec ExecAction
          httpGet HTTPGetAction
          tcpSocket TCPSocketAction
          sleep SleepAction
        SleepAction
          seconds int!
        SecurityContext
          allowPrivilegeEscalation bool
          appArmorProfile any
          capabilities Capabilities
          privileged bool
          procMount text
          readOnlyRootFilesystem bool
          runAsGroup int
          runAsNonRoot bool
          runAsUser int
          seLinuxOptions any
          seccompProfile SeccompProfile
          windowsOptions any
        Capabilities
          add [text]
          drop [text]
        SeccompProfile
          type text(Localhost|RuntimeDefault|Unconfined)!
          localhostProfile text
        PodSecurityContext
          appArmorProfile any
          fsGroup int
          fsGroupChangePolicy text
          runAsGroup int
          runAsNonRoot bool
          runAsUser int
          seLinuxChangePolicy text
          seLinuxOptions any
          seccompProfile SeccompProfile
          supplementalGroups [int]
          supplementalGroupsPolicy text
          sysctls [any]
          windowsOptions any
        Toleration
          key text
          operator text(Exists|Equal)
          value text
          effect text(NoSchedule|PreferNoSchedule|NoExecute)
          tolerationSeconds int
        TopologySpreadConstraint
          maxSkew int!
          topologyKey text!
          whenUnsatisfiable text(DoNotSchedule|ScheduleAnyway)!
          labelSelector LabelSelector
          matchLabelKeys [text]
          minDomains int
          nodeAffinityPolicy text
          nodeTaintsPolicy text
        """;

    private const string Volumes = """
        Volume
          name text!
          emptyDir EmptyDirVolumeSource
          configMap ConfigMapVolumeSource
          secret SecretVolumeSource
          persistentVolumeClaim PersistentVolumeClaimVolumeSource
          csi CSIVolumeSource
          hostPath HostPathVolumeSource
          projected any
          downwardAPI any
          ephemeral any
          nfs any
          image any
        EmptyDirVolumeSource
          medium text(Memory|HugePages)
          sizeLimit quantity
        ConfigMapVolumeSource
          name text
          items [KeyToPath]
          defaultMode int
          optional bool
        SecretVolumeSource
          secretName text
          items [KeyToPath]
          defaultMode int
          optional bool
        KeyToPath
          key text!
          path text!
          mode int
        PersistentVolumeClaimVolumeSource
          claimName text!
          readOnly bool
        CSIVolumeSource
          driver text!
          fsType text
          readOnly bool
          volumeAttributes {text}
          nodePublishSecretRef LocalObjectReference
        HostPathVolumeSource
          path text!
          type text
        """;
}
