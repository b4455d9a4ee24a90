package main

import (
	"context"
	"crypto/x509"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	x509request "k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// Users come from a file of tokens (token,name,uid,"group,…") and from client certificates (common name, organisations).
func authentication(tokens string, clients dynamiccertificates.CAContentProvider) (authenticator.Request, error) {
	file, err := tokenfile.NewCSV(tokens)
	if err != nil {
		return nil, err
	}
	certificates := x509request.NewDynamic(clients.VerifyOptions, x509request.UserConversionFunc(func(chain []*x509.Certificate) (*authenticator.Response, bool, error) {
		return x509request.CommonNameUserConversion.User(chain)
	}))
	return group.NewAuthenticatedGroupAdder(union.New(certificates, bearertoken.New(file))), nil
}

// authorize lets system:masters do everything, and a member of the group "edit:NAMESPACE" everything inside it, as a RoleBinding there would:
// nothing that has no namespace. Everybody may ask what the server has.
func authorize(_ context.Context, asked authorizer.Attributes) (authorizer.Decision, string, error) {
	for _, member := range asked.GetUser().GetGroups() {
		if member == user.SystemPrivilegedGroup {
			return authorizer.DecisionAllow, "", nil
		}
		if namespace, found := strings.CutPrefix(member, "edit:"); found && asked.IsResourceRequest() && asked.GetNamespace() == namespace && asked.GetResource() != "namespaces" {
			return authorizer.DecisionAllow, "", nil
		}
	}
	if !asked.IsResourceRequest() && asked.IsReadOnly() || asked.GetAPIGroup() == authorizationv1.GroupName {
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "", nil
}

// accessReview answers "may I?" (kubectl auth can-i).
type accessReview struct{}

func (accessReview) New() runtime.Object     { return &authorizationv1.SelfSubjectAccessReview{} }
func (accessReview) Destroy()                {}
func (accessReview) NamespaceScoped() bool   { return false }
func (accessReview) GetSingularName() string { return "selfsubjectaccessreview" }
func (accessReview) Create(ctx context.Context, object runtime.Object, _ rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	review := object.(*authorizationv1.SelfSubjectAccessReview)
	asking, found := request.UserFrom(ctx)
	if !found {
		return nil, apierrors.NewBadRequest("no user present on request")
	}
	asked := authorizer.AttributesRecord{User: asking}
	switch spec := review.Spec; {
	case spec.ResourceAttributes != nil:
		of := spec.ResourceAttributes
		asked.ResourceRequest = true
		asked.Namespace, asked.Verb, asked.APIGroup, asked.APIVersion, asked.Resource, asked.Subresource, asked.Name = of.Namespace, of.Verb, of.Group, of.Version, of.Resource, of.Subresource, of.Name
	case spec.NonResourceAttributes != nil:
		asked.Path, asked.Verb = spec.NonResourceAttributes.Path, spec.NonResourceAttributes.Verb
	default:
		return nil, apierrors.NewBadRequest("exactly one of resourceAttributes or nonResourceAttributes must be set")
	}
	decision, reason, err := authorize(ctx, asked)
	review.Status = authorizationv1.SubjectAccessReviewStatus{Allowed: decision == authorizer.DecisionAllow, Reason: reason}
	return review, err
}
