namespace Preheat.LocalCloud.Kubernetes.Validation;

internal static partial class Schemas
{
    private const string Access = """
        Role
          apiVersion text
          kind text
          metadata ObjectMeta
          rules [PolicyRule]
        ClusterRole
          apiVersion text
          kind text
          metadata ObjectMeta
          aggregationRule AggregationRule
          rules [PolicyRule]
        AggregationRule
          clusterRoleSelectors [LabelSelector]
        PolicyRule
          apiGroups [text]
          nonResourceURLs [text]
          resourceNames [text]
          resources [text]
          verbs [text]!
        RoleBinding
          apiVersion text
          kind text
          metadata ObjectMeta
          roleRef RoleRef!
          subjects [Subject]
        RoleRef atomic
          apiGroup text
          kind text!
          name text!
        Subject atomic
          apiGroup text
          kind text!
          name text!
          namespace text
        SelfSubjectAccessReview
          apiVersion text
          kind text
          metadata ObjectMeta
          spec SelfSubjectAccessReviewSpec!
          status Status
        SelfSubjectAccessReviewSpec
          nonResourceAttributes NonResourceAttributes
          resourceAttributes ResourceAttributes
        SubjectAccessReview
          apiVersion text
          kind text
          metadata ObjectMeta
          spec SubjectAccessReviewSpec!
          status Status
        LocalSubjectAccessReview
          apiVersion text
          kind text
          metadata ObjectMeta
          spec SubjectAccessReviewSpec!
          status Status
        SubjectAccessReviewSpec
          extra any
          groups [text]
          nonResourceAttributes NonResourceAttributes
          resourceAttributes ResourceAttributes
          uid text
          user text
        NonResourceAttributes
          path text
          verb text
        ResourceAttributes
          fieldSelector any
          group text
          labelSelector any
          name text
          namespace text
          resource text
          subresource text
          verb text
          version text
        SelfSubjectRulesReview
          apiVersion text
          kind text
          metadata ObjectMeta
          spec SelfSubjectRulesReviewSpec!
          status Status
        SelfSubjectRulesReviewSpec
          namespace text
        SelfSubjectReview
          apiVersion text
          kind text
          metadata ObjectMeta
          status Status
        TokenReview
          apiVersion text
          kind text
          metadata ObjectMeta
          spec TokenReviewSpec!
          status Status
        TokenReviewSpec
          audiences [text]
          token text
        HorizontalPodAutoscalerV1
          apiVersion text
          kind text
          metadata ObjectMeta
          spec HorizontalPodAutoscalerV1Spec!
          status Status
        HorizontalPodAutoscalerV1Spec
          maxReplicas int!
          minReplicas int
          scaleTargetRef CrossVersionObjectReference!
          targetCPUUtilizationPercentage int
        """;
}
