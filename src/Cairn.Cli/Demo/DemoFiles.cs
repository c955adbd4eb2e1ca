namespace Cairn.Cli.Demo;

/// <summary>The small world that the demo's agents work in: a folder with an invoice list, a payment list and a note.</summary>
internal static class DemoFiles
{
    public const string Invoices = "invoices-october.csv";
    public const string Payments = "payments-october.csv";
    public const string Note = "instructions.md";
    public const string Summary = "summary.md";

    /// <summary>Lays the files out afresh and returns the folder.</summary>
    public static string Create(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, Invoices), """
            invoice,customer,amount_eur
            2026-1041,Halden Shipping,1840.00
            2026-1042,Orchard Clinic,96.50
            2026-1043,Brightwater GmbH,12400.00
            2026-1044,Halden Shipping,310.25

            """);
        File.WriteAllText(Path.Combine(folder, Payments), """
            invoice,received_eur
            2026-1041,1840.00
            2026-1043,12400.00
            2026-1044,301.25

            """);
        File.WriteAllText(Path.Combine(folder, Note), """
            Compare the invoices with the payments received. List what is unpaid or paid in part.

            """);
        return folder;
    }
}
