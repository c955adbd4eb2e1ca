using Cairn.Ledger.Vault;

namespace Cairn.Ledger.Tests;

public class TokenUriTests
{
    [Fact]
    public void A_uri_gives_its_parts_unescaped_and_is_written_as_it_is_read()
    {
        var uri = TokenUri.Parse("pkcs11:object=my%20key;token=The%20Software%20PKCS%2311%20Token;serial=4d5a;id=%00%a1;type=secret-key?pin-source=file:///run/pin&module-path=/usr/lib/m.so");

        Assert.Equal(("The Software PKCS#11 Token", "4d5a", "my key", "/usr/lib/m.so", "/run/pin"), (uri.Token, uri.Serial, uri.Label, uri.Module, uri.PinFile));
        Assert.Equal([0x00, 0xa1], uri.Id!);
        Assert.Equal(
            "pkcs11:token=The%20Software%20PKCS%2311%20Token;serial=4d5a;object=my%20key;id=%00%A1;type=secret-key?module-path=/usr/lib/m.so&pin-source=file:///run/pin", uri.ToString());
        Assert.Equal(uri.ToString(), TokenUri.Parse(uri.ToString()).ToString());
    }

    [Theory]
    [InlineData("/usr/lib/m.so", "expected pkcs11:")]
    [InlineData("pkcs11:token=a;object=b", "absolute path of the PKCS#11 module")]
    [InlineData("pkcs11:token=a;object=b?module-path=m.so", "absolute path of the PKCS#11 module")]
    [InlineData("pkcs11:token=a;object=b?module-name=softhsm2", "module-path")]
    [InlineData("pkcs11:object=b?module-path=/m.so", "tells the token from others")]
    [InlineData("pkcs11:token=a?module-path=/m.so", "the key's label or id")]
    [InlineData("pkcs11:token=a;token=b;object=c?module-path=/m.so", "\"token\" is there twice")]
    [InlineData("pkcs11:token=a;object=b;x-vendor=1?module-path=/m.so", "\"x-vendor\" is not understood")]
    [InlineData("pkcs11:token=a;object=b;library-version=3?module-path=/m.so", "\"library-version\" is not understood")]
    [InlineData("pkcs11:token=a;object=b;type=private?module-path=/m.so", "type=secret-key")]
    [InlineData("pkcs11:token=a;object?module-path=/m.so", "\"object\" has no value")]
    [InlineData("pkcs11:token=a;object=b%2?module-path=/m.so", "two hexadecimal digits")]
    [InlineData("pkcs11:token=ä;object=b?module-path=/m.so", "not ASCII")]
    [InlineData("pkcs11:slot-id=-1;object=b?module-path=/m.so", "a number as its slot-id")]
    [InlineData("pkcs11:token=a;object=b?module-path=/m.so&pin-source=pin.txt", "absolute path of a file as its pin-source")]
    public void A_uri_that_does_not_name_one_key_in_one_token_is_refused(string text, string said) =>
        Assert.Contains(said, Assert.Throws<LedgerDirectoryException>(() => TokenUri.Parse(text)).Message);

    [Fact]
    public void A_pin_in_a_uri_is_refused_and_not_repeated()
    {
        var refusal = Assert.Throws<LedgerDirectoryException>(() => TokenUri.Parse("pkcs11:token=a;object=b?module-path=/m.so&pin-value=4711")).Message;

        Assert.Contains("pin-source", refusal);
        Assert.DoesNotContain("4711", refusal);
    }
}
