using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Preheat.LocalCloud.Kubernetes;

/// <summary>
/// The cluster's certificate authority and bearer token, made once and kept in the state folder, readable by the owner only; the server's
/// own certificate is made anew at each start.
/// </summary>
internal sealed class ClusterIdentity
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(365);

    private ClusterIdentity(string authorityPem, X509Certificate2 server, string token) =>
        (AuthorityPem, Server, Token) = (authorityPem, server, token);

    /// <summary>Certificate of the authority, without its key.</summary>
    public string AuthorityPem { get; }

    /// <summary>Certificate for 127.0.0.1, ::1 and localhost, with its key.</summary>
    public X509Certificate2 Server { get; }

    public string Token { get; }

    public static ClusterIdentity LoadOrCreate(string directory, TimeProvider time)
    {
        Directory.CreateDirectory(directory);
        var (certificatePath, keyPath, tokenPath) = (Path.Combine(directory, "ca.crt"), Path.Combine(directory, "ca.key"), Path.Combine(directory, "token"));
        if (!File.Exists(certificatePath) || !File.Exists(keyPath))
        {
            CreateAuthority(certificatePath, keyPath, time.GetUtcNow());
        }

        if (!File.Exists(tokenPath))
        {
            WritePrivate(tokenPath, RandomNumberGenerator.GetHexString(64, lowercase: true));
        }

        using var authority = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        return new ClusterIdentity(File.ReadAllText(certificatePath), CreateServer(authority, time.GetUtcNow()), File.ReadAllText(tokenPath).Trim());
    }

    /// <summary>A kubeconfig with the one context <c>preheat-local</c>.</summary>
    public string Kubeconfig(Uri address) => $"""
        apiVersion: v1
        kind: Config
        current-context: preheat-local
        clusters:
        - name: preheat-local
          cluster:
            server: {address.GetLeftPart(UriPartial.Authority)}
            certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(AuthorityPem))}
        contexts:
        - name: preheat-local
          context:
            cluster: preheat-local
            user: preheat-local
            namespace: default
        users:
        - name: preheat-local
          user:
            token: {Token}

        """;

    private static void CreateAuthority(string certificatePath, string keyPath, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=preheat-local-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - TimeSpan.FromDays(1), now + AuthorityLifetime);
        WritePrivate(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem() + "\n");
    }

    private static X509Certificate2 CreateServer(X509Certificate2 authority, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=preheat-local-apiserver", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var certificate = request.Create(authority, now - TimeSpan.FromDays(1), now + ServerLifetime, RandomNumberGenerator.GetBytes(16));
        using var withKey = certificate.CopyWithPrivateKey(key);

        // Some platforms serve only a certificate that was loaded with its key.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
    }

    private static void WritePrivate(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Private;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }
}
