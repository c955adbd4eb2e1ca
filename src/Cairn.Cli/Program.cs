Console.Error.WriteLine("cairn: no command given");
return 2;
