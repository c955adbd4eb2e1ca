using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Cairn.Trails.Reports;

/// <summary>Markup that this program made itself: the only thing that is written without being encoded.</summary>
internal readonly record struct Markup(string Html)
{
    public override string ToString() => Html ?? "";
}

/// <summary>
/// A page in the making. What stands in the holes of an interpolated string is a text and is encoded; only the string's own
/// parts, and <see cref="Markup"/>, are markup. So no text of a record can become an element, an attribute or a script.
/// </summary>
internal sealed class HtmlPage
{
    private readonly StringBuilder _html = new();

    /// <summary>Writes markup with encoded texts in it.</summary>
    public void Write(Holes markup) => _html.Append(markup.Html);

    /// <summary>Writes markup without texts.</summary>
    public void Markup(string constant) => _html.Append(constant);

    /// <summary>A fragment for a hole of another page.</summary>
    public static Markup Fragment(Action<HtmlPage> write)
    {
        var page = new HtmlPage();
        write(page);
        return new Markup(page.ToString());
    }

    /// <summary>The page, UTF-8.</summary>
    public byte[] Encode() => Encoding.UTF8.GetBytes(ToString());

    public override string ToString() => _html.ToString();

    /// <summary>An interpolated string's parts, its texts encoded.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Holes(int literalLength, int formattedCount)
    {
        private const int ExpectedText = 24;
        private readonly StringBuilder _html = new(literalLength + (formattedCount * ExpectedText));

        public StringBuilder Html => _html;

        public void AppendLiteral(string value) => _html.Append(value);

        public void AppendFormatted(string? value) => HtmlText.AppendTo(_html, value);

        public void AppendFormatted(Markup value) => _html.Append(value.Html);

        public void AppendFormatted(int value) => _html.Append(value.ToString(CultureInfo.InvariantCulture));

        public void AppendFormatted(long value) => _html.Append(value.ToString(CultureInfo.InvariantCulture));

        public void AppendFormatted(double value) => _html.Append(Math.Round(value, 2).ToString(CultureInfo.InvariantCulture));
    }
}
